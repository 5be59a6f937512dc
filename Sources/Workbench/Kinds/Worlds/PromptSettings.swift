import Agents
import Foundation

/// The settings of the prompt before the task that override the world's own.
package struct PromptSettings: Sendable {
  /// `react`, `reflact`, `brief`, or a file with other instructions.
  package var prompt: String?
  /// A YAML file of worked examples.
  package var examples: String?
  /// The number of characters of past exchanges in the prompt.
  package var history: Int?
  /// Whether the world's choices are listed in the prompt.
  package var listChoices: Bool?

  package init() {}

  package init(_ yaml: inout YAMLMapping) throws {
    prompt = try yaml.text(
      "prompt", default: "`react`",
      """
      instructions for the policy, before the task: `react`, `reflact` (compare the state with the goal before every \
      action, arXiv 2505.15182), `brief` (one sentence; `textcraft` only), or the path of a text file
      """)
    examples = try yaml.text(
      "examples", default: "the world's own",
      """
      path of a YAML file with worked examples: `examples: [{ prompt: TEXT, response: TEXT }]`. In chat they are turns
      """)
    history = try yaml.count(
      "history", least: 0, most: .max,
      default: "`scienceworld` and the `agentgym` dialect `sciworld` 24000, others unlimited",
      """
      maximal number of characters of past exchanges in the prompt. The task and the current observation are always \
      included in full
      """)
    listChoices = try yaml.flag(
      "listChoices", default: "`true`",
      """
      where the world lists the admissible actions, the current prompt lists them too, unless the observation already \
      does. `false` omits them, for policies whose server enforces the choices
      """)
  }

  /// - Parameters:
  ///   - world: the world's own prompting.
  ///   - reflection: the text that `reflact` adds.
  ///   - brief: the prompting that `brief` selects; nil if the world has none.
  package func applied(
    to world: Prompting, reflection: String = Prompting.reflection, brief: Prompting? = nil
  ) throws -> Prompting {
    var prompting = world
    switch prompt {
    case nil, "react": break
    case "reflact": prompting = world.reflecting(reflection)
    case "brief":
      guard let brief else {
        throw ConfigurationError("environment.prompt: this world has no brief prompt; write react, reflact or a file.")
      }
      prompting = brief
    case let path?:
      let text = try Self.text(of: path, key: "prompt")
      guard !text.allSatisfy(\.isWhitespace) else {
        throw ConfigurationError("environment.prompt: \(path) is empty.")
      }
      prompting = Prompting(text, examples: world.examples, historyLimit: world.historyLimit)
    }
    if let examples { prompting.examples = try Self.examples(in: examples) }
    if let history { prompting.historyLimit = history }
    if let listChoices { prompting.listsChoices = listChoices }
    return prompting
  }

  private static func examples(in path: String) throws -> [Prompting.Exchange] {
    var top = try YAMLMapping(text: try text(of: path, key: "examples"), file: path)
    let examples = try top.mappings("examples", default: .required, "worked examples") { yaml in
      let prompt = try yaml.text("prompt", default: .required, "what is read")
      let response = try yaml.text("response", default: .required, "what is answered")
      guard let prompt, let response else {
        throw yaml.missing(
          prompt == nil ? "prompt" : "response", message: "\(path): every example must have a prompt and a response.")
      }
      return Prompting.Exchange(prompt: prompt, response: response)
    }
    guard let examples else {
      throw ConfigurationError(
        "\(path) has no examples; write `examples: [{ prompt: what is read, response: what is answered }]`.")
    }
    try top.finish()
    return examples
  }

  private static func text(of path: String, key: String) throws -> String {
    guard let text = try TextFile.text(path) else {
      throw ConfigurationError(
        "environment.\(key): there is no readable file \(path)"
          + (key == "prompt" ? "; give the path of a text file, or write react or reflact." : "."))
    }
    return text
  }
}
