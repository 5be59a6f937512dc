import Agents
import Dialects
import Testing

@Suite("Comparison of questions")
struct ComparisonTests {
  private func chat(_ content: String, id: String = "call_1", stream: Bool = false) -> ModelQuestion {
    ModelQuestion(
      dialect: .chat,
      body: [
        "model": "m", "stream": .flag(stream),
        "messages": [
          ["role": "assistant", "tool_calls": [["id": .text(id), "function": ["name": "f", "arguments": "{}"]]]],
          ["role": "tool", "tool_call_id": .text(id), "content": .text(content)],
        ],
      ])
  }

  private func equal(_ a: ModelQuestion, _ b: ModelQuestion, _ comparison: QuestionComparison) -> Bool {
    let isSame = comparison.digest(of: a) == comparison.digest(of: b)
    #expect(isSame == (comparison.difference(recorded: a, replayed: b) == nil))
    return isSame
  }

  @Test("Streaming and the order of members do not count, the model and ids do")
  func exact() throws {
    let exact = try QuestionComparison(.exact)
    #expect(equal(chat("x"), chat("x", stream: true), exact))
    var other = chat("x")
    other.body = other.body.sorted
    #expect(equal(chat("x"), other, exact))
    other.body.set("model", "n")
    #expect(!equal(chat("x"), other, exact))
    #expect(!equal(chat("x"), chat("x", id: "call_2"), exact))
    #expect(!equal(chat("x"), ModelQuestion(dialect: .messages, body: chat("x").body), exact))
  }

  @Test("Ids are renamed by first appearance, wherever they are a whole value")
  func ids() throws {
    let ids = QuestionComparison()
    #expect(ids.match == .ids)
    #expect(equal(chat("x"), chat("x", id: "call_2"), ids))
    #expect(equal(chat("call_1"), chat("call_9", id: "call_9"), ids))
    #expect(!equal(chat("x"), chat("y", id: "call_2"), ids))
    // An argument named id is part of the question.
    func call(_ id: OrderedJSON) -> ModelQuestion {
      ModelQuestion(
        dialect: .messages,
        body: ["messages": [["role": "assistant", "content": [["type": "tool_use", "id": "t", "input": ["id": id]]]]]])
    }
    #expect(!equal(call("7"), call("8"), ids))
  }

  @Test(
    "What commands print differently each time",
    arguments: [
      ("at 2026-11-30T19:02:33.123Z done", "at 2025-01-02T03:04:05Z done", true),
      ("2026-11-30 19:02:33,120 INFO", "2026-12-01 01:00:00,004 INFO", true),
      ("at 2026-11-30", "at 2026-12-01", true),
      ("[19:02:33] x", "[07:22:01] x", true),
      ("5 passed in 0.04s", "5 passed in 1.20s", true),
      ("5 passed in 0.04s", "6 passed in 0.04s", false),
      ("took 12ms", "took 7ms", true), ("took 1m3.2s", "took 59.1s", true), ("3.1 seconds", "2 seconds", true),
      ("-rw-r--r-- 1 u u 5 Nov 30 19:02 a.py", "-rw-r--r-- 1 u u 5 Dec  1 07:11 a.py", true),
      ("-rw-r--r-- 1 u u 5 Nov 30 19:02 a.py", "-rw-r--r-- 1 u u 6 Nov 30 19:02 a.py", false),
      ("Mon Nov 30 19:02:11 UTC 2026", "Tue Dec  1 01:02:11 UTC 2026", true),
      ("see /tmp/abc123/x.py", "see /tmp/zzz9/x.py", true), ("see /tmp/abc/x.py", "see /tmp/abc/y.py", false),
      ("/var/folders/ab/cdef/T/tmpx1/out", "/var/folders/q/w/T/tmp22/out", true),
      ("cd /srv/a1/src", "cd /srv/b2/src", true),
      ("<X at 0x7f3a12bc>", "<X at 0x55d01234>", true),
      ("a.py:12:34: error", "a.py:12:35: error", false), ("a  b\n\nc", "a b\nc", true), ("ab", "a b", false),
      ("version 1.2", "version 1.3", false),
      ("3 apples", "4 apples", false), ("commit 1a2b3c4", "commit 9f8e7d6", false), ("ratio 3:4", "ratio 3:5", false),
    ])
  func shell(a: String, b: String, isSame: Bool) throws {
    let shell = try QuestionComparison(.shell, folders: ["/srv/a1", "/srv/b2"])
    #expect(equal(chat(a), chat(b), shell) == isSame)
    #expect(!equal(chat(a), chat(b), QuestionComparison()))
  }

  @Test("Patterns remove text from every string and are checked")
  func ignore() throws {
    let comparison = try QuestionComparison(.ids, ignore: ["build [0-9a-f]{8}"])
    #expect(equal(chat("x build 12345678 y"), chat("x build abcdef01 y"), comparison))
    let error = #expect(throws: PatternError.self) { try QuestionComparison(.ids, ignore: ["a", "[b"]) }
    #expect(error?.description.contains("[b") == true)
  }

  @Test("A difference has its path, a diff and a pattern")
  func difference() throws {
    let lines = (1...60).map { "line \($0)" }
    var other = lines
    other[29] = "line 30 of build 12345678"
    var first = lines
    first[29] = "line 30 of build 87654321"
    let ids = QuestionComparison()
    let found = try #require(
      ids.difference(
        recorded: chat(first.joined(separator: "\n")), replayed: chat(other.joined(separator: "\n"), id: "call_7")))
    #expect(found.path == "messages[1].content")
    #expect(
      found.diff == """
        @@ -30,1 +30,1 @@
         line 27
         line 28
         line 29
        -line 30 of build 87654321
        +line 30 of build 12345678
         line 31
         line 32
         line 33
        """)
    let pattern = try #require(found.suggestion)
    #expect(pattern.hasPrefix("build "))
    let lenient = try QuestionComparison(.ids, ignore: [pattern])
    #expect(
      lenient.difference(
        recorded: chat(first.joined(separator: "\n")), replayed: chat(other.joined(separator: "\n"))) == nil)
  }

  @Test(
    "Patterns are suggested for what looks accidental",
    arguments: [
      ("on 2026-11-30 ok", "on 2025-01-01 ok", true), ("at 19:02:33", "at 08:00:00", true),
      ("x 6fa459ea-ee8a-3ca4-894e-db77e160355e", "x 16fd2706-8baf-433b-82eb-8c7fada847da", true),
      ("f /tmp/ab/c", "f /tmp/de/c", true), ("sha abcdef0123", "sha 1234567abc", true), ("n=5", "n=17", true),
      ("a cat", "a dog", false), ("a", "a b", false),
    ])
  func suggestion(a: String, b: String, isGiven: Bool) throws {
    let found = QuestionComparison().difference(recorded: chat(a), replayed: chat(b))
    #expect((found?.suggestion != nil) == isGiven)
    guard let pattern = found?.suggestion else { return }
    #expect(equal(chat(a), chat(b), try QuestionComparison(.ids, ignore: [pattern])))
  }

  @Test("A pattern is suggested for what the match does not ignore already")
  func shellSuggestion() throws {
    let (a, b) = ("at 19:02:33 job 51 in /tmp/ab", "at 20:00:00 job 52 in /tmp/cd")
    let shell = try QuestionComparison(.shell)
    let pattern = try #require(shell.difference(recorded: chat(a), replayed: chat(b))?.suggestion)
    #expect(pattern.hasPrefix("job "))
    #expect(equal(chat(a), chat(b), try QuestionComparison(.shell, ignore: [pattern])))
    #expect(QuestionComparison().difference(recorded: chat(a), replayed: chat(b))?.suggestion == nil)
  }

  @Test("A long diff is clipped")
  func longDiff() throws {
    let lines = (1...200).map { "line \($0) " + String(repeating: "word ", count: 100) }
    let others = lines.map { $0 + "x" }
    let found = try #require(
      QuestionComparison().difference(
        recorded: chat(lines.joined(separator: "\n")), replayed: chat(others.joined(separator: "\n"))))
    let shown = found.diff.split(separator: "\n")
    #expect(shown.count <= 31)
    #expect(shown.contains { $0.hasPrefix("-") } && shown.contains { $0.hasPrefix("+") })
    #expect(shown.allSatisfy { $0.count <= 170 })
  }

  @Test("A missing member and a further message are differences")
  func structure() throws {
    let exact = try QuestionComparison(.exact)
    var longer = chat("x")
    longer.body.set("messages", .list((longer.body["messages"]?.items ?? []) + ["more"]))
    let found = exact.difference(recorded: chat("x"), replayed: longer)
    #expect(found?.path == "messages[2]" && found?.recorded == nil && found?.replayed == "more")
    var hotter = chat("x")
    hotter.body.set("temperature", 1)
    #expect(exact.difference(recorded: hotter, replayed: chat("x"))?.path == "temperature")
  }
}
