import Agents
import Dialects
import Foundation
import Testing

@Suite("Stored questions")
struct RecordTests {
  private func coded(_ question: ModelQuestion, after previous: ModelQuestion?) throws -> (ModelQuestion, Int) {
    let record = QuestionRecord(question, after: previous)
    let data = try JSONEncoder().encode(record)
    let back = try JSONDecoder().decode(QuestionRecord.self, from: data)
    #expect(back == record)
    return (try back.question(after: previous), data.count)
  }

  @Test("Random questions come back in every byte")
  func random() throws {
    var generator = Seed(3).generator()
    var previous: ModelQuestion?
    for _ in 0..<800 {
      let question = Self.question(&generator, after: previous)
      let (back, _) = try coded(question, after: previous)
      #expect(back == question)
      #expect(back.body.json == question.body.json)
      previous = generator.number(below: 10) == 0 ? nil : question
    }
  }

  @Test("A long history is stored once")
  func size() throws {
    let long = OrderedJSON.text(String(repeating: "word ", count: 1_000))
    let first = ModelQuestion(
      dialect: .chat, body: ["messages": [["role": "user", "content": long]], "tools": [long]])
    var second = first
    second.body.set("messages", [["role": "user", "content": long], ["role": "user", "content": "x"]])
    let (back, bytes) = try coded(second, after: first)
    #expect(back == second)
    #expect(bytes < 200)
    var changed = second
    changed.body.set("temperature", 1)
    #expect(try coded(changed, after: first).1 < 250)
  }

  @Test("Prompts are cut between Unicode scalars")
  func prompts() throws {
    let pairs = [
      ("e", "e\u{301}!"), ("\u{e9}", "e\u{301}"), ("👩‍👩", "👩‍👩‍👧"), ("abc", "ab"), ("", "x"), ("\r", "\r\n"),
    ]
    for (old, new) in pairs {
      let first = ModelQuestion(dialect: .text, body: ["model": "m", "prompt": .text(old)])
      let second = ModelQuestion(dialect: .text, body: ["model": "m", "prompt": .text(new)])
      let (back, _) = try coded(second, after: first)
      #expect(back.body["prompt"]?.text.map { Array($0.unicodeScalars) } == Array(new.unicodeScalars))
    }
  }

  @Test("A record that belongs to another question is refused")
  func damaged() throws {
    let first = ModelQuestion(dialect: .chat, body: ["messages": ["a", "b"]])
    let second = ModelQuestion(dialect: .chat, body: ["messages": ["a", "b", "c"]])
    let record = QuestionRecord(second, after: first)
    #expect(throws: DamagedRecordError.self) { try record.question(after: nil) }
    #expect(throws: DamagedRecordError.self) {
      try record.question(after: ModelQuestion(dialect: .chat, body: ["messages": ["a"]]))
    }
  }

  // MARK: - Random questions

  private static func question(_ generator: inout SplitMix64, after previous: ModelQuestion?) -> ModelQuestion {
    if let previous, generator.number(below: 4) > 0 {
      var question = previous
      let key = question.growingKey
      switch generator.number(below: 5) {
      case 0: question.body.set("extra", value(&generator, 2))
      case 1: question.body.remove("extra")
      case 2:
        let members = question.body.members ?? []
        question.body = .object(generator.drawn(members.count, from: members))
      default: break
      }
      switch question.body[key] {
      case .list(let items)?:
        let kept = items.prefix(generator.number(below: items.count + 1) + (generator.number(below: 2) * items.count))
        question.body.set(key, .list(kept + [value(&generator, 2)]))
      case .text(let text)?: question.body.set(key, .text(text + word(&generator)))
      default: break
      }
      return question
    }
    let dialect = ModelDialect.allCases[generator.number(below: 4)]
    var question = ModelQuestion(dialect: dialect, body: ["model": "m"])
    question.body.set("extra", value(&generator, 3))
    let content: OrderedJSON =
      switch generator.number(below: 4) {
      case 0: .text(word(&generator))
      case 1: value(&generator, 2)
      default: .list([value(&generator, 2), value(&generator, 2)])
      }
    question.body.set(question.growingKey, content)
    if generator.number(below: 20) == 0 { question.body = value(&generator, 1) }
    return question
  }

  private static func word(_ generator: inout SplitMix64) -> String {
    let scalars: [Unicode.Scalar] = ["a", "\u{301}", "\n", "\"", "é", "👩", "\u{200d}", "\0", " ", "\\", "\r"]
    var text = ""
    for _ in 0..<generator.number(below: 6) {
      text.unicodeScalars.append(scalars[generator.number(below: scalars.count)])
    }
    return text
  }

  private static func value(_ generator: inout SplitMix64, _ depth: Int) -> OrderedJSON {
    switch generator.number(below: depth > 0 ? 7 : 5) {
    case 0: return .null
    case 1: return .flag(generator.number(below: 2) == 0)
    case 2: return parsed(["1", "1.0", "-0", "1e3", "12345678901234567890.50"][generator.number(below: 5)])
    case 3, 4: return .text(word(&generator))
    case 5: return .list((0..<generator.number(below: 4)).map { _ in value(&generator, depth - 1) })
    default:
      var object: OrderedJSON = [:]
      for _ in 0..<generator.number(below: 4) { object.set(word(&generator), value(&generator, depth - 1)) }
      return object
    }
  }
}
