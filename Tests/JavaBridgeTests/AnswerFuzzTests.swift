import Foundation
import TestSupport
import Testing

@testable import JavaBridge
@testable import TextWorldExpress

@Suite("Damaged answers of Py4J are failures")
struct AnswerFuzzTests {
  @Test("Lines", .timeLimit(.minutes(10)))
  func lines() async {
    let seeds = [
      "!ysa\\nb \\\\ c", "!yd-0.5", "!ybtrue", "!yi7", "!yro0", "!ylo12", "!yv", "!xspy4j.Exception: no\\n\\tat x",
      "!yL9",
    ]
    var read = 0
    for await data in Fuzz("Py4J", seeds, count: 1_500, words: ["!y", "!x", "!ys", "\\\\"]) {
      if (try? Py4JAnswer(line: String(decoding: data, as: UTF8.self))) != nil { read += 1 }
    }
    #expect(read > 0)
  }
  @Test("Reports of TextWorldExpress", .timeLimit(.minutes(10)))
  func reports() async {
    let seeds = [
      #"{"observation":"Taken.","look":"","inventory":"","validActions":["take coin","look around"],"scoreRaw":0.5,"score":0.25,"tasksuccess":false,"taskfailure":false}"#,
      #"{"observation":"ERROR: not loaded","look":"","inventory":"","validActions":[],"scoreRaw":0,"score":-1.0,"tasksuccess":false,"taskfailure":true}"#,
    ]
    var read = 0
    for await data in Fuzz(
      "TextWorldExpress", seeds, count: 1_500, words: ["score", "1e999", "NaN", "\\ud800", "null"])
    {
      guard let report = try? GameReport(String(decoding: data, as: UTF8.self)) else { continue }
      read += 1
      if !(-1...1).contains(report.score) { Issue.record("a score of \(report.score)") }
    }
    #expect(read > 0)
  }
}
