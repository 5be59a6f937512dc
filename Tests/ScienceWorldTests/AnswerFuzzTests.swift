import Foundation
import TestSupport
import Testing

@testable import ScienceWorld

@Suite("Damaged answers of Py4J are failures")
struct AnswerFuzzTests {
  @Test("Lines", .timeLimit(.minutes(10)))
  func lines() {
    let seeds = [
      "!ysa\\nb \\\\ c", "!yd-0.5", "!ybtrue", "!yi7", "!yro0", "!ylo12", "!yv", "!xspy4j.Exception: no\\n\\tat x",
      "!yL9",
    ]
    var read = 0
    for data in Fuzz("Py4J", seeds, count: 5_000, words: ["!y", "!x", "!ys", "\\\\"]) {
      if (try? Py4JAnswer(line: String(decoding: data, as: UTF8.self))) != nil { read += 1 }
    }
    #expect(read > 0)
  }
}
