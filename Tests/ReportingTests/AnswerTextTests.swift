import Agents
import Foundation
import Testing

@testable import Findings
@testable import Reporting

@Suite("Answers on the terminal")
struct AnswerTextTests {
  private static func text(_ answers: [ChosenAnswer], width: Int = 100) throws -> String? {
    var summary = try Samples.summary("amc")
    summary.perTask = answers.enumerated().map { place, answer in
      MethodSummary.TaskRow(
        task: TaskID("task-\(place)\u{1B}[2J"), rewardBest: 1, rewardMean: 1, rewardWeighted: 1, rewardSelected: 1,
        softValue: 0, policyCalls: 1, inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0,
        cost: 0, chosen: answer)
    }
    return AnswerText(summary).text(width: width)
  }

  @Test("One block a task: what the answer is, who chose it, and its text")
  func blocks() throws {
    let text = try #require(
      try Self.text([
        ChosenAnswer("red", kind: .action, selectedBy: .verifier, reward: 1),
        ChosenAnswer("It is\ndone.", kind: .message, selectedBy: .critic, reward: 0.25),
        ChosenAnswer("x", kind: .message, selectedBy: .sample, reward: 0),
        ChosenAnswer("y", kind: .message, selectedBy: .chance, reward: 0),
        ChosenAnswer(failure: "Every attempt failed. 2 failed because the server\u{7} is gone."),
      ]))
    #expect(
      text == """
        task-0 [2J: last action, chosen by the verifier, reward 1.000
          red
        task-1 [2J: answer, chosen by the critic, reward 0.250
          It is
          done.
        task-2 [2J: answer, drawn by weight, reward 0.000
          x
        task-3 [2J: answer, the first attempt: nothing could choose, reward 0.000
          y
        task-4 [2J: no answer
          Every attempt failed. 2 failed because the server␇ is gone.
        """)
    #expect(try Self.text([]) == nil)
  }

  @Test("Long answers are clipped, hostile ones cleaned, and many tasks are cut off with where to see them")
  func bounds() throws {
    let hostile = "\u{1B}]0;x\u{7}\u{202E}" + String(repeating: "long ", count: 4_000)
    let answers = (0..<45).map { _ in ChosenAnswer(hostile, kind: .message, selectedBy: .critic, reward: 0) }
    let text = try #require(try Self.text(answers, width: 60))
    let lines = text.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 200 } && lines.count <= 20 * 8 + 1)
    #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
    #expect(text.contains("characters in all)"))
    #expect(lines.last?.contains("25 more tasks") == true && lines.last?.contains("--json FILE") == true)
    #expect(text.contains("cox show last/TASK/best"))
  }
}
