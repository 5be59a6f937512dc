import Agents
import ArgumentParser
import Foundation
import Workbench

struct Init: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write a configuration and a world or an agent to start from.",
    discussion: """
      Example: cox init --url https://api.example.com/v1 --model some-model --api-key-variable EXAMPLE_API_KEY

      Asks for what is not given, tries the model's server with a few small calls, and writes coxswain.yaml and a skeleton of \
      a world (world.py), or of an agent's own program (agent.py, tasks.jsonl). The skeleton works as it is: make it yours \
      step by step.
      """)

  @OptionGroup(title: "What to write") var own: InitOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let choice = try own.choice()
    let files = choice.files
    let taken = files.map(\.name).filter { FileManager.default.fileExists(atPath: "\(own.folder)/\($0)") }
    guard taken.isEmpty || own.force else {
      throw ConfigurationError(
        "\(taken.joined(separator: " and ")) \(taken.count == 1 ? "is" : "are") in \(own.folder) already, and nothing was written. "
          + "Give another --folder, or --force to replace.")
    }
    let findings = own.noTry ? [] : try await tried(choice)
    for file in files { try OutputFile.write(Data(file.text.utf8), to: "\(own.folder)/\(file.name)") }
    let report = Report(folder: own.folder, files: files.map(\.name), server: findings)
    try common.deliver(report) {
      let place = own.folder == "." ? "" : "cd \(own.folder) && "
      return
        (findings + [
          "Written: \(files.map(\.name).joined(separator: ", ")). Next:",
          "  \(place)cox check-environment --config coxswain.yaml",
          "  \(place)cox run --config coxswain.yaml",
        ]).joined(separator: "\n")
    }
  }

  private struct Report: Encodable {
    let folder: String
    let files: [String]
    let server: [String]
  }

  /// Tries what the server can do.
  private func tried(_ choice: InitChoice) async throws -> [String] {
    let policy = try Configuration(yaml: "environment: { kind: orders }\n" + choice.policy, file: "coxswain.yaml")
      .policy
    do {
      return try await policy.kind.init(policy).probe().map {
        "\($0.works == false ? "no " : "yes")  \($0.name): \($0.detail)"
      }
    } catch {
      throw ConfigurationError(
        "\(error) Nothing was written. Correct what is wrong, or give --no-try to write the files without a call.")
    }
  }
}

/// Options that only `cox init` has.
struct InitOptions: ParsableArguments {
  /// What is steered.
  enum Start: String, CaseIterable, ExpressibleByArgument { case world, agent }

  @Option(
    help: ArgumentHelp("A world (your task, the model acts in it) or an agent (your own program).", valueName: "start"))
  var start: Start?

  @Option(
    help: ArgumentHelp("The base URL of the model's server, with /v1; `local` for the bundled model.", valueName: "url")
  )
  var url: String?

  @Option(help: ArgumentHelp("The model's name at the server.", valueName: "model"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The environment variable that holds the model's key; \"\" for none. The key itself is written nowhere.",
      valueName: "name"))
  var apiKeyVariable: String?

  @Option(help: ArgumentHelp("What the server speaks: chat, responses, text or messages.", valueName: "api"))
  var api: AgentOptions.API?

  @Option(help: ArgumentHelp("Where to write.", valueName: "folder"), completion: .directory)
  var folder = "."

  @Flag(help: "Do not call the model's server.")
  var noTry = false

  @Flag(help: "Replace files that are there.")
  var force = false

  /// The options, and answers to questions for those that are not given.
  func choice() throws -> InitChoice {
    let start =
      try start ?? asked("--start", "Steer a world or an agent of yours?", usual: "world", Start.init(rawValue:))
    let url = try url ?? asked("--url", "Base URL of the model's server, with /v1?", usual: "local") { $0 }
    guard url != "local" else { return InitChoice(isAgent: start == .agent) }
    let model = try model ?? asked("--model", "Name of the model?", usual: nil) { $0 }
    let key =
      try apiKeyVariable
      ?? asked("--api-key-variable", "Environment variable that holds the key? (empty: none)", usual: "") { $0 }
    return InitChoice(
      isAgent: start == .agent,
      server: .init(url: url, model: model, keyVariable: key.isEmpty ? nil : key, api: api ?? .chat))
  }

  /// Asks on the terminal until an answer can be read.
  private func asked<T>(_ flag: String, _ question: String, usual: String?, _ read: (String) -> T?) throws -> T {
    guard isatty(STDIN_FILENO) == 1 else {
      throw ConfigurationError("\(flag) is missing, and there is no terminal to ask on: give it on the command line.")
    }
    while true {
      Console.note(question + (usual.map { $0.isEmpty ? "" : " [\($0)]" } ?? ""))
      guard let line = readLine() else { throw ConfigurationError("\(flag) is missing: the input has ended.") }
      let text = String(line.trimmed)
      if let answer = text.isEmpty ? usual : text, let value = read(answer) { return value }
    }
  }
}

/// What `cox init` writes.
struct InitChoice {
  struct Server {
    let url: String
    let model: String
    let keyVariable: String?
    let api: AgentOptions.API
  }

  let isAgent: Bool
  /// nil for the bundled model.
  var server: Server?

  var files: [(name: String, text: String)] {
    let configuration = ("coxswain.yaml", environment + "\n" + policy + "\n" + rest)
    guard isAgent else { return [configuration, ("world.py", Self.text(PackageResources.world_py))] }
    return [configuration, ("agent.py", Self.text(PackageResources.agent_py)), ("tasks.jsonl", Self.tasks)]
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private var environment: String {
    isAgent
      ? """
      environment:
        kind: agent
        command: [python3, agent.py]   # COX_TASK holds the line of the task
        tasks: tasks.jsonl
        calls: 6                       # model calls of an attempt at most

      """
      : """
      environment:
        kind: process
        command: [python3, world.py]

      """
  }

  /// The section `policy`.
  var policy: String {
    guard let server else {
      return """
        policy:
          kind: local                    # the bundled 135M model, on loopback
          temperature: 1
          \(isAgent ? "maxTokens: 64" : "format: plain\n  maxTokens: 16")
          context: 1024

        """
    }
    func quoted(_ text: String) -> String { JSONValue.text(text).json }
    var lines = ["policy:", "  kind: \(server.api == .messages ? "anthropic" : "openai")"]
    lines += ["  url: \(quoted(server.url))", "  model: \(quoted(server.model))"]
    if let key = server.keyVariable { lines.append("  apiKeyVariable: \(quoted(key))") }
    if server.api != .messages, server.api != .chat { lines.append("  api: \(server.api.rawValue)") }
    if !isAgent {
      lines.append("  format: plain                  # the answer is the action; react for a thought before it")
    }
    lines.append("  # pricing: { inputPerMillion: 0.4, outputPerMillion: 1.6 }   # so that costs are counted")
    return lines.joined(separator: "\n") + "\n"
  }

  private var rest: String {
    """
    critic: { kind: trees }

    steering: { method: auto, particles: 8, answer: search }

    limits: { calls: 5000 }

    """
  }

  private static var tasks: String {
    (0..<30).map { number in
      let (one, other) = (12 + 7 * number % 80, 15 + 11 * number % 70)
      let split = number < 18 ? "train" : number < 24 ? "validation" : "test"
      return #"{"id": "\#(one)+\#(other)", "split": "\#(split)", "answer": \#(one + other)}"#
    }.joined(separator: "\n") + "\n"
  }
}
