import Agents
import Foundation

/// Finds out what a server can do with a few small calls.
package struct PolicyProbe: Sendable {
  package struct Finding: Sendable, Hashable {
    package let name: String
    /// nil if the calls cannot show it.
    package let works: Bool?
    package let detail: String

    package init(_ name: String, works: Bool?, detail: String) {
      self.name = name
      self.works = works
      self.detail = detail
    }
  }

  private static let colours = ["red", "green", "blue"]

  private static let question = Transcript(entries: [.prompt("Go on: the house is white, the door is red, the roof is")]
  )

  private static func request(seed: UInt64 = 1, choices: [String]? = nil, tools: [ActionTool] = []) -> PolicyRequest {
    PolicyRequest(
      transcript: question, choices: choices, tools: tools, seed: Seed(seed).split("doctor"),
      key: CallKey(run: "doctor", task: "doctor", particle: 0, step: 0))
  }

  /// One timed call of any policy: whether it answers, how fast, and whether it reports its usage.
  ///
  /// - Throws: the policy's error if it does not answer.
  package static func basics(_ policy: any Policy) async throws(PolicyError) -> [Finding] {
    let start = ContinuousClock.now
    let tools = policy.format.tools(nil, choices: colours)
    let response = try await policy.respond(to: request(choices: nil, tools: tools))
    let seconds = start.duration(to: .now).inSeconds
    let usage = response.usage
    let isCounted = usage.inputTokens > 0 && usage.outputTokens > 0
    return [
      Finding(
        "answers", works: true,
        detail: "in \(String(format: "%.2f", seconds)) s"
          + (response.attempts > 1 ? " after \(response.attempts) attempts" : "")
          + ", \(response.text.isEmpty ? "with an empty text" : "\"\(response.text.prefix(40))\"")"),
      Finding(
        "usage", works: isCounted,
        detail: isCounted
          ? "\(usage.inputTokens) input tokens (\(usage.cachedInputTokens) cached), \(usage.outputTokens) output tokens"
          : "not reported: costs and tokens cannot be counted"),
    ]
  }

  /// The features of a chat-completions server beyond answering.
  ///
  /// - Parameter make: creates a policy for this server with other settings.
  package static func features(
    _ settings: ChatCompletionsPolicy.Settings, _ make: (ChatCompletionsPolicy.Settings) -> ChatCompletionsPolicy
  ) async -> [Finding] {
    var settings = settings
    settings.rules.retry.attempts = min(settings.rules.retry.attempts, 3)
    settings.constraint = .validate
    settings.format = .plain
    settings.maxTokens = min(settings.maxTokens, 64)
    var findings = [await samples(make(settings)), await seed(make(settings))]
    for constraint in [ChoiceConstraint.grammar, .schema] where settings.api == .chat || constraint != .schema {
      settings.constraint = constraint
      findings.append(await choices(make(settings), constraint))
    }
    settings.constraint = .validate
    settings.logProbabilities = true
    findings.append(await logProbabilities(make(settings)))
    settings.logProbabilities = false
    if settings.api == .chat {
      settings.format = .tools
      findings.append(await tools(make(settings)))
    }
    return findings
  }

  private static func samples(_ policy: ChatCompletionsPolicy) async -> Finding {
    do throws(PolicyError) {
      let count = try await policy.respond(to: request(), samples: 2).count
      return Finding(
        "n", works: count == 2,
        detail: count == 2
          ? "several answers in one call: identical prompts are paid for once"
          : "one answer in one call: identical prompts are sent and paid for one by one")
    } catch { return Finding("n", works: nil, detail: error.message) }
  }

  private static func seed(_ policy: ChatCompletionsPolicy) async -> Finding {
    guard policy.settings.temperature != 0 else {
      return Finding("seed", works: nil, detail: "unknown: not tested at temperature 0")
    }
    do throws(PolicyError) {
      var texts: [String] = []
      for seed in [1, 1, 2, 3, 4] as [UInt64] { texts.append(try await policy.respond(to: request(seed: seed)).text) }
      guard texts[0] == texts[1] else {
        return Finding("seed", works: false, detail: "the same seed gives other answers")
      }
      let differs = Set(texts).count > 1
      return Finding(
        "seed", works: differs ? true : nil,
        detail: differs ? "the same seed gives the same answer" : "unknown: five answers are all the same")
    } catch { return Finding("seed", works: nil, detail: error.message) }
  }

  private static func choices(_ policy: ChatCompletionsPolicy, _ constraint: ChoiceConstraint) async -> Finding {
    let name = constraint == .grammar ? "grammar" : "JSON schema"
    do throws(PolicyError) {
      // Words that a model would not say unconstrained.
      let choices = ["zq-one", "zq-two"]
      let text = try await policy.respond(to: request(choices: choices)).text
      let works = choices.contains(text)
      return Finding(
        name, works: works,
        detail: works ? "answers are restricted to the choices" : "ignored: the answer was not one of the choices")
    } catch { return Finding(name, works: false, detail: "refused: \(error.message)") }
  }

  private static func logProbabilities(_ policy: ChatCompletionsPolicy) async -> Finding {
    do throws(PolicyError) {
      let response = try await policy.respond(to: request())
      let isReported = response.logProbability != nil
      if !isReported, response.text.isEmpty {
        return Finding("logprobs", works: nil, detail: "unknown: the answer was empty")
      }
      return Finding("logprobs", works: isReported, detail: isReported ? "reported" : "not reported")
    } catch { return Finding("logprobs", works: false, detail: "refused: \(error.message)") }
  }

  private static func tools(_ policy: ChatCompletionsPolicy) async -> Finding {
    do throws(PolicyError) {
      let tools = [ActionTool.act(choices: colours)]
      let text = try await policy.respond(to: request(tools: tools)).text
      let works = ActionFormat.tools.action(in: text, choices: colours, tools: tools).isParsed
      return Finding("tools", works: works, detail: works ? "called as offered" : "offered and not called")
    } catch { return Finding("tools", works: false, detail: "refused: \(error.message)") }
  }
}
