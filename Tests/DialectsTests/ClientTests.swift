import Agents
import Dialects
import Foundation
import Testing

/// What real clients send and read; see `clients.py`.
@Suite("Clients of others")
struct ClientTests {
  /// Where clients.py reads; nil outside of its check.
  private static var folder: URL? {
    ProcessInfo.processInfo.environment["DIALECTS_CLIENTS"].map { URL(filePath: $0) }
  }

  /// The questions that real clients sent, in order per client.
  static func captured() throws -> [(name: String, question: ModelQuestion)] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Captured")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .map(\.lastPathComponent).filter { $0.hasSuffix(".json") }.sorted()
      .map { name in
        let parts = name.split(separator: ".")
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        let dialect = try #require(ModelDialect(rawValue: String(parts[1])))
        return (String(parts[0]), ModelQuestion(dialect: dialect, body: try #require(OrderedJSON(parsing: text))))
      }
  }

  @Test("Questions of real clients are translated, stored, compared and read")
  func captured() throws {
    let all = try Self.captured()
    #expect(all.count >= 20)
    var previous: (name: String, question: ModelQuestion)?
    for (name, question) in all {
      let isNext = previous.map { $0.name.dropLast() == name.dropLast() } ?? false
      let before = isNext ? previous?.question : nil
      #expect(try QuestionRecord(question, after: before).question(after: before) == question)
      let news = question.news(after: before)
      if question.dialect != .text {
        for target in [ModelDialect.chat, .responses, .messages] where target != question.dialect {
          let request = try NeutralRequest(question)
          let there = ModelQuestion(dialect: target, body: try request.body(in: target))
          #expect(there.news(after: nil) == question.news(after: nil), "\(name) in \(target)")
          #expect(there.hasTools == question.hasTools)
          let back = ModelQuestion(
            dialect: question.dialect, body: try NeutralRequest(there).body(in: question.dialect))
          #expect(back.news(after: nil) == question.news(after: nil), "\(name) by \(target)")
          if let folder = Self.folder {
            var body = there.body
            body.set("model", "m")
            try body.json.write(
              to: folder.appending(path: "\(name).\(target.rawValue).request"), atomically: true, encoding: .utf8)
          }
        }
        #expect(news.contains(isNext ? "Sun" : name.hasPrefix("openai") || name.hasPrefix("anth") ? "Look" : "Rome?"))
        if isNext { #expect(news.hasPrefix("Sun"), "\(name): \(news)") }
      }
      previous = (name, question)
    }
  }

  @Test(
    "Answers and streams for real clients",
    .enabled(if: folder != nil))
  func clients() throws {
    let folder = try #require(Self.folder)
    var expected: OrderedJSON = [:]
    for (name, sample) in sampleAnswers {
      for dialect in ModelDialect.allCases {
        // Answers take the way by another dialect where there is one.
        let server: ModelDialect =
          switch dialect {
          case .text: .text
          case .chat: sample.logProbabilities == nil ? .messages : .responses
          case .responses, .messages: .chat
          }
        let question = ModelQuestion(
          dialect: dialect,
          body: ["model": .text(name), "stream": true, "stream_options": ["include_usage": true]])
        var answer = try question.answer(
          sample.json(in: server, model: "served", id: "answer_1", created: 1_700_000_000), inDialect: server)
        if dialect == .text { answer = sample.json(in: .text, model: name, id: "a", created: 1) }
        try answer.json.write(
          to: folder.appending(path: "\(name).\(dialect.rawValue).json"), atomically: true, encoding: .utf8)
        try question.events(of: answer).map(\.text).joined().write(
          to: folder.appending(path: "\(name).\(dialect.rawValue).sse"), atomically: true, encoding: .utf8)
      }
      expected.set(
        name,
        [
          "text": .text(sample.texts.joined()), "refusal": .text(sample.refusal ?? ""),
          "calls": .list(sample.calls.map { [.text($0.id), .text($0.name), .text($0.arguments)] }),
          "reasoning": .text(sample.reasoning.map(\.text).joined()),
          "input": .integer(sample.usage?.inputTokens ?? 0), "output": .integer(sample.usage?.outputTokens ?? 0),
        ])
    }
    try expected.json.write(to: folder.appending(path: "expected.json"), atomically: true, encoding: .utf8)
  }
}
