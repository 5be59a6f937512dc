import ArgumentParser
import Constraints
import Foundation
import OpenWeights
import Workbench

struct Generate: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Answer prompts with a model in process, by Sequential Monte Carlo over tokens.",
    discussion: """
      Example: cox generate --prompt "List two colours." --regex "[a-z]+ and [a-z]+" --particles 16

      The answers are those of the model conditioned on the constraint, as weighted texts. Masking alone, which \
      renormalises at every token, draws from another distribution. --power 2 prefers answers that are likely as a \
      whole.

      For each prompt it prints the texts with their weights, the effective sample size (how many particles the weights \
      are worth), and the log evidence (at power 1 the log of the share of the model's mass that the constraint allows). \
      Particles that cannot end within --max-tokens have no weight and are counted. Equal seeds give equal answers.
      """)

  @OptionGroup(title: "Prompts and output") var own: GenerateOptions
  @OptionGroup(title: "Constraint and particles") var steering: AnswerSteeringOptions
  @OptionGroup(title: "Model") var model: GenerateModelOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let policy = try model.settings(common)
    let request = GenerateRequest(
      try own.questions(), steering: try steering.steering(over: policy.answerSteering), seed: common.seed)
    let (report, populations) = try await Workbench.generate(
      request, policy: policy, keepsPopulations: own.picture != nil, observer: TerminalObserver(isQuiet: common.quiet))
    try common.deliver(report) { report.text }
    if let picture = own.picture {
      for population in populations {
        let path = request.prompts.count == 1 ? picture : Self.path(picture, population)
        try OutputFile.write(Data(population.picture.utf8), to: path)
      }
    }
    guard report.failures.isEmpty, !report.wasStopped else {
      Console.note("\(report.prompts.count) of \(request.prompts.count) prompts were answered.")
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// `tree.svg` for the second prompt, `a/1`, is `tree-2-a-1.svg`.
  private static func path(_ picture: String, _ population: GeneratedPopulation) -> String {
    let url = URL(fileURLWithPath: picture)
    let stem = url.deletingPathExtension().lastPathComponent
    let name = "\(stem)-\(population.number)-\(Pictures.fileName(population.id)).svg"
    return url.deletingLastPathComponent().appendingPathComponent(name).path
  }
}

/// Where the prompts of `cox generate` are and where its picture goes.
struct GenerateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A prompt. May be repeated.", valueName: "text"))
  var prompt: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file of prompts: one a line, or JSON lines with prompt and id (.jsonl: only these).", valueName: "file"),
    completion: .file())
  var prompts: String?

  @Option(
    help: ArgumentHelp(
      "Draw who descends from whom, token by token, into this SVG file; one file for each of several prompts.",
      valueName: "file"))
  var picture: String?

  func questions() throws -> [GenerateRequest.Prompt] {
    let given = prompt.enumerated().map { GenerateRequest.Prompt(id: "prompt-\($0 + 1)", text: $1) }
    let read = try prompts.map { try GenerateRequest.prompts(file: $0) } ?? []
    guard !(given + read).isEmpty else { throw ValidationError("Give --prompt or --prompts.") }
    return given + read
  }
}

/// What answers have to be, and how many particles draw them.
struct AnswerSteeringOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The whole answer matches this regular expression.", valueName: "pattern"))
  var regex: String?

  @Option(
    help: ArgumentHelp("The answer is JSON that the JSON schema in this file accepts.", valueName: "file"),
    completion: .file())
  var schema: String?

  @Option(
    help: ArgumentHelp("The answer is derived from the grammar in this file (llama.cpp's GBNF).", valueName: "file"),
    completion: .file())
  var grammar: String?

  @Option(help: ArgumentHelp("The answer is one of these. Repeat the option for each.", valueName: "text"))
  var choice: [String] = []

  @Option(help: ArgumentHelp("N, the particles of an answer.", valueName: "N"))
  var particles: Int?

  @Option(help: ArgumentHelp("α: the model's distribution of whole answers to this power.", valueName: "α"))
  var power: Double?

  func validate() throws {
    let problems = [
      Bounds.problem(particles, "--particles", most: Bounds.answerParticles),
      AnswerSteering.problem(power: power, "--power"),
    ]
    if let problem = problems.compactMap(\.self).first { throw ValidationError(problem) }
    let constraints = [regex, schema, grammar].compactMap(\.self).count + (choice.isEmpty ? 0 : 1)
    if constraints > 1 { throw ValidationError("Give only one of --regex, --schema, --grammar and --choice.") }
  }

  /// These options over the configured ones.
  func steering(over configured: AnswerSteering?) throws -> AnswerSteering {
    var steering = configured ?? AnswerSteering()
    // A prompt of this command offers no tools.
    steering.holdsCalls = false
    func text(_ path: String) throws -> String {
      guard let text = try TextFile.text(path) else { throw ConfigurationError("\(path) cannot be read.") }
      return text
    }
    if let regex { steering.constraint = .regex(regex) }
    if let schema { steering.constraint = .schema(try text(schema)) }
    if let grammar { steering.constraint = .grammar(try text(grammar)) }
    if !choice.isEmpty { steering.constraint = .choices(choice) }
    if let particles { steering.particles = particles }
    if let power { steering.power = power }
    return steering
  }
}

/// The model of `cox generate`.
struct GenerateModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A GGUF file or a Hugging Face folder (policy.model; default: the model that make setup installs).",
      valueName: "path"), completion: .file())
  var model: String?

  @Option(help: ArgumentHelp("A low-rank adapter of the model (policy.adapter).", valueName: "folder"))
  var adapter: String?

  @Option(
    help: ArgumentHelp("chat: the model's chat template; text: continue the prompt (policy.api).", valueName: "api"))
  var api: String?

  @Option(help: ArgumentHelp("The temperature of the model (policy.temperature; default: 1).", valueName: "T"))
  var temperature: Double?

  @Option(
    help: ArgumentHelp(
      "The most tokens of an answer (default: 128; with --config, policy.maxTokens).", valueName: "tokens"))
  var maxTokens: Int?

  func validate() throws {
    if let api, api != "chat", api != "text" { throw ValidationError("--api is chat or text.") }
    if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be 1 or more.") }
    if let temperature, !(temperature >= Bounds.steeredTemperature && temperature.isFinite) {
      throw ValidationError("--temperature must be at least \(Bounds.steeredTemperature).")
    }
  }

  /// The configured policy, or a model in process, with these options.
  func settings(_ common: CommonOptions) throws -> PolicySettings {
    var settings = PolicySettings(kind: MLXKind.self)
    settings.maxTokens = 128
    settings.format = .plain
    if common.config != nil { settings = try common.options().configuration.policy }
    if let model { settings.model = model }
    if let adapter { settings.adapter = adapter }
    if let api { settings.api = api == "text" ? .text : .chat }
    if let temperature { settings.temperature = temperature }
    if let maxTokens { settings.maxTokens = maxTokens }
    return settings
  }
}
