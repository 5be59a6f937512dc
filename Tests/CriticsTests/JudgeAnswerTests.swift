import Testing

@testable import Critics

@Suite("The score in a judge's answer")
struct JudgeAnswerTests {
  @Test(
    "What states a score",
    arguments: [
      ("Score: 7", 7), ("score: 7", 7), ("SCORE = 7.", 7), ("Score 7", 7), ("Score is 6.5", 6.5), ("Score of 6", 6),
      ("Final score: 8", 8), ("My overall score: 3", 3), ("- Score: 4", 4), ("> Score → 4", 4), ("Score - 4", 4),
      ("Score：4", 4), ("3. Score: 4", 4),
      ("The final score is 7.", 7),
      ("## Score: 4", 4), ("Score (0-10): 7", 7), ("Final score (out of 10): 7", 7), ("Score out of 10: 7", 7),
      ("Score:7", 7), ("Score: +7", 7), ("Score: .5", 0.5), ("Score: 0", 0), ("Score: -0", 0), ("Score: 007", 7),
      ("7", 7), ("7.", 7), (" 8.25 \n", 8.25), ("7 points", 7), ("7/10", 7), ("10/10", 10), ("Score: 7 / 10", 7),
      ("7 out of 10", 7), ("Score: 7 out of 10, since it is late", 7), ("Score: 7 of 10", 7), ("Score: 3/4", 7.5),
      ("Score: 70/100", 7), ("**8.5**", 8.5), ("**Score:** 8.5", 8.5), ("**Score: 8.5**", 8.5),
      ("**Score**: **8**/10", 8),
      ("__7__", 7), ("`7`", 7), ("Score: `7`", 7), ("Score: [[7]]", 7), ("Score: <7>", 7), ("Score: \"7\"", 7),
      ("Score: $\\boxed{7}$", 7), ("Score: ~7", 7), ("Score: 7 (3 of 4 fields are right)", 7),
      ("Score: 7 - the rest is missing", 7), ("Score: 7, as 2 are open", 7), ("70%", 7), ("Score: 70 %", 7),
      ("Score: 72.5 percent", 7.25), ("Score: 7%", 0.7), ("7,5", 7.5), ("Score: 7,25", 7.25), ("Score: 0,125", 0.125),
      ("Score:\n7", 7), ("**Score:**\n\n**7**/10", 7), ("# Score\n7", 7), ("```\nScore: 7\n```", 7),
      ("```json\n7\n```", 7),
      ("```7```", 7), (#"{"score": 7}"#, 7), (#"{"score":7}"#, 7), (#"{'score': 7.5}"#, 7.5),
      (#"{"Score": "7/10"}"#, 7),
      ("```json\n{\n  \"reason\": \"3 of 9\",\n  \"score\": 7\n}\n```", 7),
      (#"{"score": 7, "reason": "3 of 4, and 9 steps left"}"#, 7),
      (#"{"reason": "9 steps, score low", "score": 7}"#, 7),
      (#"{"score":7,"steps":3}"#, 7), ("Score: 7\r\n", 7), ("Score: 7\nIt did 3 of 4.", 7),
      ("It has 3 of 4 fields and 12 steps left.\nTwo may be wrong (2/3).\nScore: 6", 6),
      // The same score stated twice.
      ("Score: 6\nOn reflection:\nScore: 6.0", 6), (#"{"score": 6, "score": 6}"#, 6), ("Score: 60%\nScore: 6/10", 6),
      ("Score: 7. So the final score: 7", 7), ("Score: 7\n7", 7), ("7\n\n7", 7), ("Score: unclear\nScore: 7", 7),
      ("<think>Score: 2? Rather 3.</think>\nScore: 6", 6), ("<think>a 2</think>6", 6),
      ("Score breakdown: 3 + 4\nScore: 7", 7), ("Score: 10.0000001", 10),
    ] as [(String, Double)])
  func stated(answer: String, score: Double) throws {
    let read = try #require(JudgeAnswer.score(in: answer, on: 0...10), "\(answer)")
    #expect(abs(read - score) < 1e-12, "\(answer)")
  }

  @Test(
    "What states none is missing, not 0",
    arguments: [
      "", "\n\n", "seven", "Score: seven", "Score: high", "Score:", "Score: N/A", "Score: NUMBER", "Score: <number>",
      "Score: NaN", "Score: nan", "Score: inf", "Score: -inf", "Score: Infinity", "Score: 1e1", "Score: 1e400",
      #"{"score": null}"#, #"{"score": NaN}"#, #"{"score": {}}"#, "{}", "null",
      "Score: -3", "Score: −3", "-1", "Score: 11", "Score: 10.1", "Score: 15/10", "Score: 110%", "Score: 7/0",
      "Score: 99999999999999999999999999999999", "Score: 7-8", "Score: 7–8", "Score: 7 to 8", "Score: 7 or 8",
      "Score: 7 ± 1", "Score: 5...6", "Score: 1,000", "Score: 1.000.000", "Score: 1,000.5", "Score: 10:30",
      "Score: 7/10/2024", "Score: 7th", "Score: 7x", "Score: ٧", "Score: ７",
      "I see 3 of 4 fields filled.", "There are 7 left", "7 items are left.", "2. Then it goes on",
      "Only 3/10 were found.",
      // Two different scores.
      "Score: 4\nOn reflection:\nScore: 6", "The score is 3 so far.\nScore: 6", #"{"score": 4, "score": 6}"#,
      "Score: 7\n8", "7\n8", "Score: 8/10\nScore: 80", "Score: 7 (my first score: 6)",
      #"{"score": 7, "final": {"score": 8}}"#,
      "Final score: 3\nThe reasons follow.\nFinal score: 4", "Score:\n7\nScore:\n8", "Score: 0\nScore: 10",
      "Score: 7\nScore: unclear", "Score: 7 Score: 8", "Score: 7 (the previous score: 3)",
      "<think>It might be a 7.\nScore: 7", "The reward so far is 0.5.\n```\n```", "Scores: 7", "Underscore: 7",
      "Score: it did 3 of 4", "Score breakdown: 3", "<score>",
    ])
  func missing(answer: String) {
    #expect(JudgeAnswer.score(in: answer, on: 0...10) == nil, "\(answer)")
  }

  @Test(
    "On other scales",
    arguments: [
      ("Score: 0.7", 0...1, 0.7), ("Score: 7", 0...1, nil), ("70%", 0...1, 0.7), ("Score: 7/10", 0...1, 0.7),
      ("Score: 1.0", 0...1, 1), ("Score: 70", 0...100, 70), ("Score: 70/100", 0...100, 70), ("7/10", 0...100, 70),
      ("70%", 0...100, 70), ("Score: 0.7", 0...100, 0.7), ("Score: 101", 0...100, nil), ("Score: -0.5", -1...1, -0.5),
      ("Score: -1", -1...1, -1), ("Score: -1.5", -1...1, nil), ("70%", -1...1, nil), ("Score: 1/2", -1...1, nil),
      ("Score: 1/1", -1...1, 1), ("Score: 3", 1...5, 3), ("Score: 3/5", 1...5, 3), ("Score: 60%", 1...5, nil),
      ("Score: 0", 1...5, nil),
    ] as [(String, ClosedRange<Double>, Double?)])
  func scales(answer: String, scores: ClosedRange<Double>, score: Double?) {
    let read = JudgeAnswer.score(in: answer, on: scores)
    #expect((read == nil) == (score == nil) && abs((read ?? 0) - (score ?? 0)) < 1e-12, "\(answer): \(read as Any)")
  }

  /// The time limit catches quadratic parsing.
  @Test("An answer without end and without sense is read, and states nothing", .timeLimit(.minutes(5)))
  func long() {
    for piece in [
      "score ", "\"score\"", "7", "((((", "Score: 7 or ", "final ", " \t", "<think>", " ", "\"", "'", "score\"  ", "1.",
      "Score (", "\u{301}", "out of ", "`", "\"score\" ", "''\"", "- ",
    ] {
      let long = String(repeating: piece, count: 20_000 / piece.count)
      for answer in [long, "Score:" + long + "x", "Score: 7" + long + "x", "Score" + long, "\"score\"" + long + "7"] {
        let score = JudgeAnswer.score(in: answer, on: 0...10)
        // Spaces and quotes around a number are ignored.
        #expect(score == nil || score == 7, "\(answer.prefix(20)) with \(piece)")
      }
    }
  }

  @Test("As many scores as a line holds are read in linear time", .timeLimit(.minutes(5)))
  func many() {
    let answer = String(repeating: "Score: 7 ", count: 5_000)
    #expect(JudgeAnswer.score(in: answer, on: 0...10) == 7)
    #expect(JudgeAnswer.score(in: answer + "score: 8", on: 0...10) == nil)
    #expect(JudgeAnswer.score(in: String(repeating: "Score: 7\n", count: 5_000), on: 0...10) == 7)
  }
}
