import Agents
import Arithmetic
import Constraints
import CoxswainTesting
import Findings
import Foundation
import ModelFiles
import OpenWeights
import Orders
import ParticleFilter
import Tensors
import TokenSteering
import Workbench

/// Token-level Sequential Monte Carlo on the bundled 135M model with one thread.
enum TokensBench {
  private static func open() async throws -> (LoadedModel, NextTokens) {
    guard let path = Installation.current.bundledModel else { throw ConfigurationError("Run make setup first.") }
    try await Installation.current.openEngine()
    await Engine.setThreads(1)
    let loaded = try await LoadedModel.open(path)
    return (loaded, try await NextTokens(model: loaded.model, tokenizer: loaded.files.tokenizer))
  }

  private static func prompt(_ loaded: LoadedModel, _ text: String) throws -> [TokenID] {
    let encoder = try PromptEncoder(loaded.files, api: .text, format: .react)
    return try encoder.prompt(Transcript(entries: [.prompt(text)]))
  }

  /// Milliseconds for one token of all particles, and how many of them are not the model's.
  static func overhead() async throws {
    let (loaded, next) = try await open()
    let text = "A list of three things that one can buy in a shop for clothes, as JSON:\n"
    let model = try PromptedModel(next, prompt: try prompt(loaded, text))
    let words = try Constraint.regex("[A-Za-z ,.]{400}").language().potential(over: next.vocabulary)
    let schema = #"{"type":"array","items":{"type":"string","minLength":60},"minItems":8}"#
    let json = try Constraint.schema(schema).language().potential(over: next.vocabulary)
    let samplers: [(String, any TokenSampler)] = [
      ("unconstrained", LocalSampler(model)),
      ("power 2", LocalSampler(try model.raised(to: 2))),
      ("regex, whole mask", LocalSampler(try model * words)),
      ("regex, rejection", try RejectionSampler(model, condition: words, patience: 64)),
      ("regex, sets", try SetSampler(model, condition: words)),
      ("JSON schema, whole mask", LocalSampler(try model * json)),
      ("JSON schema, rejection", try RejectionSampler(model, condition: json, patience: 64)),
      ("JSON schema, sets", try SetSampler(model, condition: json)),
    ]
    let tokens = 24
    for particles in [1, 8, 32] {
      var base = 0.0
      for (name, sampler) in samplers {
        let smc = try TokenSMC(sampler: sampler, particles: particles, limit: tokens, cutsAtLimit: true)
        // The first run fills the caches of masks and the prompt's keys and values.
        _ = try await smc.run(seed: Seed(1))
        var drawn = 0
        let seconds = try await Bench.seconds { drawn = try await smc.run(seed: Seed(2)).drawnTokens }
        let each = seconds / Double(drawn) * 1_000
        if name == "unconstrained" { base = each }
        print(
          "\(particles) particles, \(name): \(Bench.text(each)) ms a token, \(Bench.text(each / base)) × unconstrained")
      }
    }
    // The same on stored next weights, without the model.
    let still = Still(vocabulary: next.vocabulary, next: try await model.nextLogWeights(after: [[]])[0])
    for (name, sampler) in [
      ("unconstrained", LocalSampler(still)), ("regex, whole mask", LocalSampler(try still * words)),
      ("regex, rejection", try RejectionSampler(still, condition: words, patience: 64)),
      ("regex, sets", try SetSampler(still, condition: words)),
      ("JSON schema, whole mask", LocalSampler(try still * json)),
      ("JSON schema, rejection", try RejectionSampler(still, condition: json, patience: 64)),
    ] as [(String, any TokenSampler)] {
      let smc = try TokenSMC(sampler: sampler, particles: 8, limit: 24, cutsAtLimit: true)
      _ = try await smc.run(seed: Seed(1))
      var drawn = 0
      let seconds = try await Bench.seconds { drawn = try await smc.run(seed: Seed(2)).drawnTokens }
      print("without the model, \(name): \(Bench.text(seconds / Double(drawn) * 1_000, 3)) ms a token")
    }
  }

  /// The same next weights after every prefix.
  private struct Still: Potential {
    let vocabulary: TokenVocabulary
    let next: NextLogWeights

    func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] { prefixes.map { _ in next } }
    func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
      prefixes.map { $0.reduce(0) { $0 + next[$1] } }
    }
    func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
      try await prefixLogWeights(of: texts).map { $0 + next.end }
    }
  }

  /// Orders as JSON: a request in words, and the form as one JSON object under a schema. Eight answers' tokens for each method.
  static func orders() async throws {
    let (loaded, next) = try await open()
    let world = try Orders(splits: TaskSplits([.train: Array(0..<4), .test: Array(100..<140)]))
    let fields = world.form.fields
    func object(_ values: [String]) -> String {
      "{" + zip(fields, values).map { "\"\($0.name)\":\"\($1)\"" }.joined(separator: ",") + "}"
    }
    let properties = fields.map { field in
      "\"\(field.name)\":{\"enum\":[\(field.options.map { "\"\($0)\"" }.joined(separator: ","))]}"
    }
    let schema = """
      {"type":"object","properties":{\(properties.joined(separator: ","))},"required":[\
      \(fields.map { "\"\($0.name)\"" }.joined(separator: ","))],"additionalProperties":false}
      """
    let condition = try Constraint.schema(schema).language().potential(over: next.vocabulary)
    var worked = ""
    for task in world.tasks(in: .train) {
      worked += "\(task.request)\n\(object(try world.solution(of: task) ?? []))\n\n"
    }
    let particles = 8
    var scores: [String: [(fields: Double, all: Double)]] = [:]
    var valid: [Double] = []
    for task in world.tasks(in: .test) {
      let wanted = try world.solution(of: task) ?? []
      func score(_ text: String) -> (fields: Double, all: Double) {
        guard let value = JSONValue(parsing: text) else { return (0, 0) }
        let right = zip(fields, wanted).count { field, wanted in value.value(at: field.name) == .text(wanted) }
        return (Double(right) / Double(fields.count), right == fields.count ? 1 : 0)
      }
      let tokens = try prompt(loaded, "\(worked)\(task.request)\n")
      let model = try PromptedModel(next, prompt: tokens)
      let lines = try PromptedModel(next, prompt: tokens, stops: ["\n"])
      let seed = Seed(7).split(task.id.rawValue)
      // Each particle that is never resampled is a plain draw: of the model, or of masked decoding.
      let free = try await TokenSMC(
        sampler: LocalSampler(lines), particles: particles, limit: 64, cutsAtLimit: true, schedule: .never
      ).run(seed: seed)
      valid += free.answers.map {
        condition.language.contains($0.text.utf8) ? 1 : 0
      }
      let masked = try await TokenSMC(
        sampler: LocalSampler(try model * condition), particles: particles, limit: 64, schedule: .never
      ).run(seed: seed)
      let likelihoods = try await model.completeLogWeights(of: masked.answers.map(\.tokens))
      let texts = masked.answers.map(\.text)
      let each = texts.map(score)
      func mean(_ value: ((fields: Double, all: Double)) -> Double) -> Double {
        each.reduce(0) { $0 + value($1) } / Double(each.count)
      }
      let plain = free.answers.map { score($0.text) }
      let (plainFields, plainAll) = (plain.map(\.fields).reduce(0, +), plain.map(\.all).reduce(0, +))
      scores["free, one", default: []].append((plainFields / Double(plain.count), plainAll / Double(plain.count)))
      scores["masked, one", default: []].append((mean(\.fields), mean(\.all)))
      if let best = likelihoods.indices.max(by: { likelihoods[$0] < likelihoods[$1] }) {
        scores["masked, likeliest of 8", default: []].append(each[best])
      }
      let counts = Dictionary(grouping: texts, by: { $0 })
      if let common = texts.max(by: { (counts[$0]?.count ?? 0) < (counts[$1]?.count ?? 0) }) {
        scores["masked, commonest of 8", default: []].append(score(common))
      }
      for power in [1.0, 4.0] {
        let posterior = try await TokenSMC(
          sampler: RejectionSampler(try model.raised(to: power), condition: condition, patience: 64),
          particles: particles, limit: 64
        ).run(seed: seed)
        let right = posterior.draw(seed: seed).map { score(posterior.answers[$0].text) } ?? (0, 0)
        scores["SMC of 8, power \(power), drawn", default: []].append(right)
        let heaviest = posterior.distribution.first.map { score($0.text) } ?? (0, 0)
        scores["SMC of 8, power \(power), heaviest", default: []].append(heaviest)
      }
    }
    print("\(world.tasks(in: .test).count) orders; answers that are valid without a constraint \(estimate(valid))")
    for (name, rows) in scores.sorted(by: { $0.key < $1.key }) {
      print("\(name): fields right \(estimate(rows.map(\.fields))), all right \(estimate(rows.map(\.all)))")
    }
  }

  /// Sums in one answer, line by line: α against single draws and majority votes of as many tokens.
  static func powers() async throws {
    let (loaded, next) = try await open()
    let form = ProblemForm.standard
    let world = try Arithmetic(
      form: form, splits: TaskSplits([.train: Array(0..<6), .test: Array(100..<160)]))
    func working(_ task: AgentTask) async throws -> String {
      let results = try world.solution(of: task) ?? []
      return " " + results.joined(separator: ", ")
    }
    var worked = ""
    for task in world.tasks(in: .train) { worked += "\(task.request)\nResults:\(try await working(task))\n\n" }
    var scores: [String: [Double]] = [:]
    var tokens: [String: Int] = [:]
    for task in world.tasks(in: .test) {
      let wanted = try world.solution(of: task)?.last ?? ""
      func last(_ text: String) -> String { String(text.split { !($0.isNumber || $0 == "-") }.last ?? "") }
      let prompt = try prompt(loaded, "\(worked)\(task.request)\nResults:")
      let model = try PromptedModel(next, prompt: prompt, stops: ["\n"])
      let seed = Seed(9).split(task.id.rawValue)
      func run(_ potential: some Potential, _ schedule: Schedule) async throws -> TokenPosterior {
        try await TokenSMC(
          sampler: LocalSampler(potential), particles: 8, limit: 32, cutsAtLimit: true, schedule: schedule
        ).run(seed: seed)
      }
      func note(_ name: String, _ score: Double, _ posterior: TokenPosterior) {
        scores[name, default: []].append(score)
        tokens[name, default: 0] += posterior.drawnTokens
      }
      func common(_ posterior: TokenPosterior) -> String {
        let answers = posterior.answers.map { last($0.text) }
        let counts = Dictionary(grouping: answers, by: { $0 })
        return answers.max { (counts[$0]?.count ?? 0) < (counts[$1]?.count ?? 0) } ?? ""
      }
      for temperature in [1.0, 0.5, 0.25] {
        let cold = try PromptedModel(next, prompt: prompt, temperature: temperature, stops: ["\n"])
        let draws = try await run(cold, .never)
        let right = draws.answers.reduce(0) { $0 + (last($1.text) == wanted ? 1 : 0) } / Double(draws.answers.count)
        note("T \(temperature), one (mean of 8)", right, draws)
        note("T \(temperature), majority of 8", common(draws) == wanted ? 1 : 0, draws)
      }
      for power in [2.0, 4.0] {
        let posterior = try await run(try model.raised(to: power), .effectiveSampleSize(below: 0.5))
        let drawn = posterior.draw(seed: seed).map { last(posterior.answers[$0].text) }
        note("power \(power), drawn of 8", drawn == wanted ? 1 : 0, posterior)
      }
    }
    for (name, rows) in scores.sorted(by: { $0.key < $1.key }) {
      print("\(name): right \(estimate(rows)), \(tokens[name] ?? 0) tokens")
    }
  }

  /// The evidence on an enumerated model, and llamppl's in the same run if COXSWAIN_LLAMPPL names a Python that has it.
  static func peer() async throws {
    let model = EnumerableModel(["a", "b", "ab", "c"], limit: 6, seed: 4)
    let condition = try Constraint.regex("(ab)+c?").language().potential(over: model.vocabulary)
    let texts = model.texts()
    let allowed = try await condition.completeLogWeights(of: texts.map(\.tokens))
    let exact = zip(texts, allowed).reduce(0) { $0 + exp($1.0.logProbability + $1.1) }
    var table: [String: [String: [Any]]] = ["next": [:], "allowed": [:]]
    for (tokens, _) in texts where condition.state(after: tokens) != nil {
      let key = tokens.map(String.init).joined(separator: ",")
      let next = try await model.nextLogWeights(after: [tokens])[0].values
      table["next"]?[key] = next.map { $0 == -.infinity ? NSNull() as Any : $0 }
      table["allowed"]?[key] = try await condition.nextLogWeights(after: [tokens])[0].values.map { $0 == 0 }
    }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    let whole: [String: Any] = [
      "next": table["next"] ?? [:], "allowed": table["allowed"] ?? [:], "end": model.vocabulary.count,
    ]
    try JSONSerialization.data(withJSONObject: whole).write(to: file)
    print("exact evidence \(Bench.text(exact, 5))")
    let runs = 2_000
    for particles in [5, 20] {
      for resampler in [Resampler.multinomial, .systematic] {
        let smc = try TokenSMC(
          sampler: LocalSampler(try model * condition), particles: particles, limit: 6, resampler: resampler)
        var values: [Double] = []
        let seconds = try await Bench.seconds {
          for number in 0..<runs { values.append(exp(try await smc.run(seed: Seed(1).split(number)).logEvidence)) }
        }
        print(
          "N = \(particles), \(resampler.rawValue): evidence \(estimate(values, 5)), \(Bench.text(seconds / Double(runs) * 1_000, 3)) ms a run"
        )
        try peer(file, runs, particles, resampler.rawValue)
      }
      try peer(file, runs, particles, "steer")
    }
  }

  /// llamppl's evidence; nothing without the package.
  private static func peer(_ table: URL, _ runs: Int, _ particles: Int, _ method: String) throws {
    guard let python = ProcessInfo.processInfo.environment["COXSWAIN_LLAMPPL"] else { return }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["Benchmarks/tokens/llamppl_tokens.py", table.path, String(runs), String(particles), method]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let peer = try JSONDecoder().decode([String: Double].self, from: data)
    let milliseconds = (peer["seconds"] ?? .nan) / Double(runs) * 1_000
    print(
      """
        llamppl, \(method): evidence \(Bench.text(peer["mean"] ?? .nan, 5)) ± \(Bench.text(peer["se"] ?? .nan, 5)), \
      \(Bench.text(milliseconds, 3)) ms a run
      """)
  }

  private static func estimate(_ values: [Double], _ digits: Int = 3) -> String {
    let estimate = MeanEstimate(values)
    return "\(Bench.text(estimate.mean, digits)) ± \(Bench.text(estimate.se, digits))"
  }
}
