import Agents
import Findings
import Policies
import Steering

/// How much of the chosen answers a summary has.
package enum AnswerDetail: Sendable {
  /// Nothing.
  case none
  /// The answers, and who chose them.
  case text
  /// The messages of the chosen trajectories, too.
  case messages
}

extension Run {
  /// What the chosen trajectory of a task ends with.
  ///
  /// - Parameter answer: what is wanted of the population; nil for what the settings say.
  package func chosenAnswer(
    of result: PopulationResult, settings: SteeringSettings, answer: Answer? = nil, detail: AnswerDetail
  ) -> ChosenAnswer? {
    if case .none = detail { return nil }
    guard let chosen = result.chosen(settings, answer: answer) else {
      return ChosenAnswer(failure: result.failureText)
    }
    guard let words = chosen.trajectory.lastWords(in: workbench.world.identity) else {
      return ChosenAnswer(failure: "The budget ended before the first step.")
    }
    let kind: ChosenAnswer.Kind =
      switch words {
      case .message: .message
      case .action: .action
      }
    var messages: [JSONValue]?
    if case .messages = detail {
      messages = chosen.trajectory.chatMessages(in: workbench.world, format: base.format).map { JSONValue($0) }
    }
    return ChosenAnswer(
      words.text, kind: kind, selectedBy: chosen.by, reward: chosen.trajectory.reward, messages: messages)
  }
}
