import Agents
import Dialects
import Testing

/// Nothing that a program or a server sends stops the gateway.
@Suite("Broken questions and answers")
struct FuzzTests {
  @Test("Every part replaced by something else is read or refused", arguments: ModelDialect.allCases)
  func mutations(dialect: ModelDialect) throws {
    var generator = Seed(8).generator()
    let comparison = try QuestionComparison(.shell, ignore: ["x+"])
    var seeds = sampleAnswers.map { $0.answer.json(in: dialect, model: "m", id: "a", created: 1) }
    seeds += try ClientTests.captured().map(\.question).filter { $0.dialect == dialect }.map(\.body)
    var previous: ModelQuestion?
    for seed in seeds {
      for _ in 0..<60 {
        let body = Self.mutated(seed, &generator)
        let question = ModelQuestion(dialect: dialect, body: body)
        for target in ModelDialect.allCases {
          _ = try? NeutralRequest(question).body(in: target)
          if let answer = try? question.answer(body, inDialect: target) { _ = question.events(of: answer) }
        }
        _ = question.events(of: body)
        _ = Readable.answer(body, dialect)
        _ = question.news(after: previous, answer: "x")
        _ = question.expanded(previous: (body, body))
        #expect(try QuestionRecord(question, after: previous).question(after: previous) == question)
        if let previous {
          let isSame = comparison.digest(of: previous) == comparison.digest(of: question)
          #expect(isSame == (comparison.difference(recorded: previous, replayed: question) == nil))
        }
        previous = question
      }
    }
  }

  private static let others: [OrderedJSON] = [
    .null, true, -1, 1e300, "", "12:30", [], [[]], [.null], [:], ["type": "text"], ["type": 1], "user", "assistant",
  ]

  /// The value with some of its parts replaced, doubled or left out.
  private static func mutated(_ value: OrderedJSON, _ generator: inout SplitMix64) -> OrderedJSON {
    if generator.number(below: 40) == 0 { return others[generator.number(below: others.count)] }
    switch value {
    case .list(let values):
      var values = values.map { mutated($0, &generator) }
      if !values.isEmpty, generator.number(below: 15) == 0 { values.append(values[0]) }
      return .list(values)
    case .object(let members):
      return .object(
        members.compactMap { member in
          generator.number(below: 30) == 0 ? nil : .init(member.key, mutated(member.value, &generator))
        })
    default: return value
    }
  }
}
