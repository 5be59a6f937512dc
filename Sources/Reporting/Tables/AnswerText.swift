import Agents
import Findings
import Steering

/// The answers to tasks in words: of each chosen trajectory its end, and who chose it.
package struct AnswerText: Sendable {
  private let rows: [(task: String, chosen: ChosenAnswer)]

  /// The most tasks that are shown.
  package static let most = 20
  /// The most lines and characters of one answer.
  private static let (lines, characters) = (6, 800)

  package init(_ summary: MethodSummary) {
    rows = summary.perTask.compactMap { row in row.chosen.map { (row.task.rawValue, $0) } }
  }

  /// One block for each task; nil if no task has an answer or a reason for its absence.
  ///
  /// - Parameter width: the width in characters at which lines are wrapped.
  package func text(width: Int = 100) -> String? {
    guard !rows.isEmpty else { return nil }
    var blocks = rows.prefix(Self.most).map { Self.block($0.task, $0.chosen, width: width) }
    if rows.count > Self.most {
      blocks.append(
        """
        … and \(counted(rows.count - Self.most, "more task")). --json FILE has every answer with its conversation; \
        cox show last/TASK/best prints an attempt.
        """)
    }
    return blocks.joined(separator: "\n")
  }

  private static func block(_ task: String, _ chosen: ChosenAnswer, width: Int) -> String {
    let name = visible(task.clipped(to: 80))
    guard let answer = chosen.answer else {
      return ([name + ": no answer"] + indented(chosen.failure ?? "", width: width)).joined(separator: "\n")
    }
    return (["\(name): \(words(chosen))"] + indented(answer, width: width)).joined(separator: "\n")
  }

  /// "last action, chosen by the verifier, reward 1.000".
  private static func words(_ chosen: ChosenAnswer) -> String {
    let what =
      switch chosen.kind {
      case .action: "last action"
      case .message, nil: "answer"
      }
    let by =
      switch chosen.selectedBy {
      case .verifier: "chosen by the verifier"
      case .critic: "chosen by the critic"
      case .sample: "drawn by weight"
      case .chance, nil: "the first attempt: nothing could choose"
      }
    return "\(what), \(by)" + (chosen.reward.map { ", reward \(Format.number($0))" } ?? "")
  }

  private static func indented(_ text: String, width: Int) -> [String] {
    let shown = text.prefix(characters)
    let all = wrapped(String(shown.trimmed), width: max(width - 2, 20))
    let isClipped = shown.endIndex < text.endIndex || all.count > lines
    return all.prefix(lines).map { "  " + $0 } + (isClipped ? ["  … (\(counted(text.count, "character")) in all)"] : [])
  }
}
