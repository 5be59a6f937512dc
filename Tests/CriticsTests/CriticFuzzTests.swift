import Agents
import Foundation
import TestSupport
import Testing

@testable import Critics

@Suite("Damaged judgements and damaged critics are missing values and errors")
struct CriticFuzzTests {
  @Test("A judge's answers", .timeLimit(.minutes(10)))
  func judge() {
    let seeds = [
      "Score: 7", "**Score:** 8.5/10", "<think>a 2</think>6", #"{"reason": "9 steps", "score": 7}"#,
      "Score (0-10): 7 out of 10",
      "It has 3 of 4.\nFinal score: 70 %\n", "Score:\n7,5", "## Score → $\\boxed{7}$", "Score: 7 - the rest",
      "# My score\n7",
    ]
    let words = [
      "score", "Score:", " of ", "out of", "/", "percent", "±", "to 8", "7-8", "0.5", "1,000", "(", "→", "points",
    ]
    for data in Fuzz("JudgeAnswer", seeds, count: 10_000, words: words) {
      let answer = String(decoding: data, as: UTF8.self)
      for scores in [0...10, -1...1] as [ClosedRange<Double>] {
        let score = JudgeAnswer.score(in: answer, on: scores)
        #expect(score.map(scores.contains) ?? true, "\(answer.prefix(200))")
      }
    }
  }

  @Test("A served model's answers", .timeLimit(.minutes(10)))
  func pooling() {
    let seeds = [
      #"{"id":"p","data":[{"index":0,"object":"pooling","data":[0.7]},{"index":1,"data":0.2}],"usage":{}}"#,
      #"{"data":[{"data":[[0.1]]},{"data":null}]}"#, #"{"data":[{"index":1,"data":[NaN]},{"index":0,"data":["x"]}]}"#,
    ]
    for data in Fuzz("Pooling", seeds, count: 4_000, words: ["\"index\":", "\"data\":", "Infinity"]) {
      guard let numbers = try? PoolingAnswer(data)?.numbers(for: 2) else { continue }
      #expect(numbers.count == 2 && numbers.allSatisfy { $0?.isFinite ?? true })
    }
  }

  @Test("A critic's file: what is accepted predicts finite values", .timeLimit(.minutes(10)))
  func trees() throws {
    let states = Array(coinStates(tasks: 800..<803))
    var sound = 0
    for data in Fuzz(
      "TreesCritic", [try coinCritic.encoded()], count: 500, words: ["\\\"left_children\\\":[", "E0", "0E0"])
    {
      guard let critic = try? TreesCritic(decoding: data, for: CoinWorld.identity) else { continue }
      sound += 1
      guard let values = try? critic.predict(states) else { continue }
      #expect(values.allSatisfy { $0.mean.isFinite && $0.softValue(temperature: 0.1).isFinite })
    }
    #expect(sound > 0)
  }
}
