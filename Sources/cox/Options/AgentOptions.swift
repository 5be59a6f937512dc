import Agents
import ArgumentParser
import Workbench

/// An agent's own program and its model, without a configuration file.
struct AgentOptions: ParsableArguments {
  /// The ways in which a model's server is asked.
  enum API: String, CaseIterable, ExpressibleByArgument {
    case chat, responses, text, messages
  }

  @Option(
    help: ArgumentHelp(
      "The tasks of the program after `--`, one JSON object a line (environment.tasks).", valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var tasksFrom: String?

  @Option(help: ArgumentHelp("The base URL of the model's server, with /v1 (policy.url).", valueName: "url"))
  var url: String?

  @Option(help: ArgumentHelp("The model's name at the server (policy.model).", valueName: "model"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The environment variable that holds the model's key (policy.apiKeyVariable).", valueName: "name"))
  var apiKeyVariable: String?

  @Option(
    help: ArgumentHelp(
      "What the model's server speaks: chat, responses or text completions of OpenAI, or Anthropic's messages.",
      valueName: "api"))
  var api: API?

  @Option(
    help: ArgumentHelp(
      "The folder that is copied for every attempt (environment.folder).", valueName: "folder"),
    completion: .directory)
  var folder: String?

  @Option(
    help: ArgumentHelp(
      "Where the reward comes from: stdout, exit or file:NAME (environment.score).", valueName: "score"))
  var score: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp(
      "The program and its arguments, after `--`. {task} is the task's id, {input} its input.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    if command.isEmpty {
      let given = [
        ("--tasks-from", tasksFrom), ("--url", url), ("--model", model), ("--api-key-variable", apiKeyVariable),
        ("--api", api?.rawValue), ("--folder", folder), ("--score", score),
      ].filter { $0.1 != nil }.map(\.0)
      guard given.isEmpty else {
        throw ValidationError(
          "\(given.joined(separator: ", ")) needs a program after `--`, such as: -- python my_agent.py --task {task}")
      }
      return
    }
    guard tasksFrom != nil else {
      throw ValidationError("A program after `--` needs --tasks-from FILE, with one JSON object a line.")
    }
    if url != nil, model == nil {
      throw ValidationError("--url needs --model, the name of the model at the server.")
    }
    if url == nil, apiKeyVariable != nil || api == .messages {
      throw ValidationError("--api-key-variable and --api messages need --url, the base URL of the model's server.")
    }
  }

  /// The configuration that the options stand for, as YAML; nil without a program.
  var yaml: String? {
    guard !command.isEmpty else { return nil }
    func field(_ key: String, _ value: String?) -> [String] {
      value.map { ["  \(key): \(JSONValue.text($0).json)"] } ?? []
    }
    var lines = ["environment:", "  kind: agent"]
    lines.append("  command: \(JSONValue.list(command.map(JSONValue.text)).json)")
    lines += field("tasks", tasksFrom) + field("folder", folder)
    if let score {
      let file = score.hasPrefix("file:") ? score.dropFirst("file:".count) : nil
      lines += file.map { ["  score: { file: \(JSONValue.text(String($0)).json) }"] } ?? field("score", score)
    }
    lines += ["policy:", "  kind: \(url == nil ? "local" : api == .messages ? "anthropic" : "openai")"]
    lines += field("url", url) + field("model", model) + field("apiKeyVariable", apiKeyVariable)
    if let api, api != .messages { lines += field("api", api.rawValue) }
    return lines.joined(separator: "\n") + "\n"
  }
}
