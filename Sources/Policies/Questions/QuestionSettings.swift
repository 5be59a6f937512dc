import Agents
import Dialects

/// What the configuration sets of the sampling of an agent's own program. Whatever is nil is the agent's.
public struct QuestionSettings: Sendable, Hashable {
  /// The sampling temperature T.
  public var temperature: Double?
  /// The nucleus-sampling threshold, in (0, 1].
  public var topP: Double?
  /// The most tokens of one answer.
  public var maxTokens: Int?
  /// How much a model thinks, such as `low`.
  public var reasoningEffort: String?

  /// Leaves everything to the agent.
  public init() {}

  /// The sampling of a policy whose questions are those of a world.
  init(temperature: Double?, topP: Double?, maxTokens: Int, reasoningEffort: String?) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.reasoningEffort = reasoningEffort
  }

  /// The form in identities.
  var text: String {
    [
      temperature.map { " T \($0)" }, topP.map { " topP \($0)" }, reasoningEffort.map { " effort \($0)" },
      maxTokens.map { " max \($0)" },
    ].compactMap(\.self).joined()
  }

  /// The body of a question for a server: as the program wrote it, with the policy's model and these settings.
  func body(
    _ question: ModelQuestion, in dialect: ModelDialect, model: String, samples: Int
  ) throws(PolicyError) -> OrderedJSON {
    var body: OrderedJSON
    if dialect == question.dialect {
      body = question.body
    } else {
      do throws(UntranslatableError) { body = try NeutralRequest(question).body(in: dialect) } catch {
        throw PolicyError(
          .unanswered, "\(error) Use a policy whose server speaks the agent's own dialect, or change the agent.")
      }
    }
    for key in ["stream", "stream_options", "n"] { body.remove(key) }
    body.set("model", .text(model))
    if samples > 1 { body.set("n", .integer(samples)) }
    if let temperature { body.set("temperature", .number(temperature)) }
    if let topP { body.set("top_p", .number(topP)) }
    if let maxTokens { body.set(Self.lengthKey(in: body, dialect), .integer(maxTokens)) }
    if let reasoningEffort {
      switch dialect {
      case .responses:
        var reasoning = body["reasoning"] ?? [:]
        reasoning.set("effort", .text(reasoningEffort))
        body.set("reasoning", reasoning)
      case .messages:
        var output = body["output_config"] ?? [:]
        output.set("effort", .text(reasoningEffort))
        body.set("output_config", output)
      case .chat, .text: body.set("reasoning_effort", .text(reasoningEffort))
      }
    }
    return body
  }

  private static func lengthKey(in body: OrderedJSON, _ dialect: ModelDialect) -> String {
    if dialect == .responses { return "max_output_tokens" }
    return dialect == .chat && body["max_completion_tokens"] != nil ? "max_completion_tokens" : "max_tokens"
  }
}
