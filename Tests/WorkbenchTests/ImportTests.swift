import Agents
import Foundation
import RolloutStore
import TestSupport
import Testing

@testable import Workbench

@Suite("Trajectories that were made elsewhere")
struct ImportTests {
  private typealias Made = ExportStore

  static func line(_ more: String = #""reward":1"#, task: String = #""t""#) -> String {
    #"{"task":\#(task),"messages":[{"role":"system","content":"Play."},{"role":"user","content":"go"},"#
      + #"{"role":"assistant","content":"heads"},{"role":"user","content":"1 heads"},{"role":"assistant","content":"tails"}],"#
      + more + "}\n"
  }

  @Test("The short form is a task, messages and a reward")
  func short() async throws {
    let made = try ExportStore()
    // Two equal attempts are two attempts, and a third joins them later.
    let twice = Self.line() + Self.line()
    let report = try await made.importing(twice) { $0.policyIsPrior = true }
    #expect(report.added == 2 && report.prior == 2 && report.withoutSplit == 2)
    #expect(try await made.importing(twice) { $0.policyIsPrior = true }.known == 2)
    let more = try await made.importing(twice + Self.line() + Self.line(task: "7")) { $0.policyIsPrior = true }
    #expect(more.known == 2 && more.added == 2)
    // Another file is another source.
    #expect(try await made.importing(twice, name: "b.jsonl") { $0.policyIsPrior = true }.added == 2)
    let lines = try await made.imported.lines()
    #expect(lines.count == 6 && Set(lines.map { $0["run"] }).count == 2)
    #expect(lines[0]["verb"] == "import" && lines[0]["policy"] == "coin" && lines[0]["isPrior"] == true)
    #expect(lines[0]["isDone"] == true && lines[0]["opening"] == "go" && lines[0]["reward"] == 1.0)
    #expect(lines[0].said().first == "system: Play." && lines[0].said().last == "assistant: tails")
    let steps = lines[0]["steps"]?.items ?? []
    #expect(steps.map { $0["action"]?.text } == ["heads", "tails"] && steps[0]["observation"] == "1 heads")
    #expect(steps.map { $0["reward"] } == [0.0, 1.0])
    #expect((steps[0]["usage"]?["estimatedTokens"]?.integer ?? 0) > 0)
  }

  @Test("Draws of the policy are those whose file names its identity, or that the user says are")
  func priors() async throws {
    let made = try ExportStore()
    func prior(_ more: String, _ change: (inout ImportRequest) -> Void = { _ in }) async throws -> Int {
      let name = UUID().uuidString
      return try await made.importing(Self.line(#""reward":0.5,\#(more)"#), name: name, change).prior
    }
    #expect(try await prior(#""policy":"coin""#) == 1)
    #expect(try await prior(#""policy":"other""#) == 0)
    #expect(try await prior(#""policy":"other""#) { $0.policyIsPrior = true } == 1)
    #expect(try await prior(#""policy":"coin","isPrior":false"#) == 0)
    #expect(try await prior(#""policy":"coin","isPrior":false"#) { $0.policyIsPrior = true } == 0)
  }

  @Test("The split is the flag's, the file's or the world's, and steps may be given in place of messages")
  func splits() async throws {
    let made = try ExportStore()
    let steps =
      #""opening":"0 heads","steps":[{"action":"heads","observation":"1 heads","reward":0.5},{"action":"tails"}]"#
    let text =
      #"{"task":"train-3",\#(steps)}"# + "\n" + #"{"task":"train-4","split":"test",\#(steps)}"# + "\n"
      + #"{"task":"mine",\#(steps),"reward":0.5,"isDone":false,"stepLimit":8}"#
    #expect(try await made.importing(text).withoutSplit == 1)
    let lines = try await made.imported.lines()
    #expect(lines.map { $0["split"] } == [.null, "train", "test"])
    #expect(lines.map { $0["task"]?.text } == ["mine", "train-3", "train-4"])
    #expect(lines[0]["isDone"] == false && lines[0]["stepLimit"] == 8 && lines[0]["reward"] == 0.5)
    // The world knows the request and the limit.
    #expect(lines[1]["request"] == "Show heads." && lines[1]["stepLimit"] == 6)
    #expect(try await made.importing(text, name: "other") { $0.split = .validation }.withoutSplit == 0)
  }

  @Test(
    "What cannot be read is named with its line, and nothing of its file is stored",
    arguments: [
      ("nothing", "it is not JSON"), ("[1]\n", "in.jsonl"), (#"{"task":"t""#, "it is not JSON"),
      (ImportTests.line("\"x\":1"), "line 2: it has no reward"),
      (ImportTests.line(#""reward":NaN"#), "it has no reward"),
      (ImportTests.line(#""reward":1e999"#), "reward is no finite number"),
      (ImportTests.line(#""reward":"high""#), "reward is no finite number"),
      (ImportTests.line(#""reward":2"#), "above the world's maximal reward of 1.0"),
      (ImportTests.line(#""reward":1,"split":"dev""#), "split is \"dev\""),
      (ImportTests.line(task: "\"\""), "its task is no text"),
      (ImportTests.line(task: "null"), "it names no task"),
      (ImportTests.line(task: "\"\(String(repeating: "x", count: 2000))\""), "longer than 1024"),
      (ImportTests.line(#""reward":1,"particle":-1"#), "its particle is -1"),
      (ImportTests.line(#""reward":1,"standing":"dead""#), "standing is"),
      (ImportTests.line(#""reward":1,"steps":[{"observation":"x"}]"#), "step 1: it has neither response nor action"),
      (ImportTests.line(#""reward":1,"steps":[{"action":"x","reward":0.5}]"#), "its steps pay 0.5 together"),
      (
        ImportTests.line(#""reward":0,"steps":[{"action":"x","isDone":true},{"action":"y"}]"#),
        "it goes on after its end"
      ),
      (#"{"task":"t","reward":1}"#, "neither messages nor steps"),
      (#"{"task":"t","reward":1,"messages":[{"role":"user","content":"x"}]}"#, "no answer of a model"),
      (#"{"task":"t","reward":1,"messages":[{"content":"x"}]}"#, "message 1 has no role"),
      (
        ImportTests.line(#""reward":1,"run":"r","particle":0"#)
          + ImportTests.line(#""reward":0.5,"run":"r","particle":0"#),
        "line 3: the store or the file"
      ),
    ])
  func bad(text: String, said: String) async throws {
    let made = try ExportStore()
    let error = await #expect(throws: ConfigurationError.self) { _ = try await made.importing(Self.line() + text) }
    #expect(
      error?.message.contains("in.jsonl") == true && error?.message.contains(said) == true, "\(error?.message ?? "")")
    // Nothing is stored, and the good line alone is if the others may be left out.
    #expect(try await made.imported.store.runs().isEmpty)
    let report = try await made.importing(Self.line() + text) { $0.skipsBad = true }
    #expect(report.added >= 1 && report.skipped == 1 && report.files[0].firstProblem?.isEmpty == false)
  }

  @Test(
    "Files that are none of the forms are refused",
    arguments: [
      ("", "is empty"), ("  \n", "is empty"), ("PK\u{3}\u{4}", "truncated"), ("hello", "neither JSON"),
      ("[]", "no trajectories"), (#"[{"task":"t"}"#, "truncated"),
      (#"{"version":2,"eval":{"task":"t","model":"m"},"samples":["#, "truncated"),
      (#"{"version":2,"eval":{"task":"t","model":"m"}}"#, "without samples"),
    ])
  func files(text: String, said: String) async throws {
    let made = try ExportStore()
    let error = await #expect(throws: ConfigurationError.self) { _ = try await made.importing(text) }
    #expect(error?.message.contains(said) == true, "\(error?.message ?? "")")
    let missing = await #expect(throws: ConfigurationError.self) { _ = try await made.importing(file: "/nowhere") }
    #expect(missing?.message.contains("no file /nowhere") == true)
  }

  @Test("Lone surrogates, control characters and bytes that are no text are read as what they are")
  func odd() async throws {
    let made = try ExportStore()
    let text =
      #"{"task":"a\ud800/b","reward":1,"messages":[{"role":"user","content":"\udfff\u0000"},{"role":"assistant","content":"x"}]}"#
    #expect(try await made.importing(text).added == 1)
    #expect(try await made.imported.lines().first?["task"] == "a\u{FFFD}/b")
  }

  @Test("AgentGym names a task otherwise than the world, and its data have no reward")
  func gymNames() async throws {
    let made = try ExportStore()
    let text = #"""
      [{"item_id": "train_3", "conversations": [
        {"from": "human", "loss": null, "value": "Play."}, {"from": "gpt", "loss": false, "value": "OK."},
        {"from": "human", "loss": null, "value": "0 heads"}, {"from": "gpt", "loss": true, "value": "Thought: x\nAction: heads"},
        {"from": "human", "loss": null, "value": "1 heads"}]}]
      """#
    let missing = await #expect(throws: ConfigurationError.self) { _ = try await made.importing(text) }
    #expect(missing?.message.contains("line 1: it has no reward: give --reward") == true)
    let report = try await made.importing(text) {
      $0.reward = 1
      $0.policyIsPrior = true
    }
    #expect(report.prior == 1 && report.withoutSplit == 0)
    let line = try #require(try await made.imported.lines().first)
    #expect(line["task"] == "train-3" && line["split"] == "train" && line["opening"] == "0 heads")
    #expect(line.said().first == "user: Play." && line["places"] == [3])
    #expect(line["steps"]?.items?[0]["observation"] == "1 heads" && line["reward"] == 1.0)
  }

  @Test("A log of inspect_ai: scores, errors, epochs, and several scorers")
  func inspect() async throws {
    let made = try ExportStore()
    func sample(_ id: String, _ more: String) -> String {
      #"{"id":\#(id),"epoch":2,"input":"q","target":"","messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"reasoning","reasoning":"hm"},{"type":"text","text":"4"}]}],\#(more)}"#
    }
    func log(_ samples: String...) -> String {
      #"{"version":2,"status":"success","eval":{"task":"sums","model":"openai/x","eval_id":"e1"},"samples":[\#n"#
        + samples.joined(separator: ",\n") + "]}"
    }
    let usage = #""model_usage":{"openai/x":{"input_tokens":7,"input_tokens_cache_read":3,"output_tokens":2}}"#
    let text = log(
      sample("1", #""scores":{"match":{"value":"C"}},\#(usage)"#),
      sample(#""b""#, #""scores":{"match":{"value":NaN}},"error":{"message":"it broke","traceback":""}"#))
    let report = try await made.importing(text, name: "log.json")
    #expect(report.added == 2 && report.failed == 1 && report.files[0].format == .inspect)
    #expect(try await made.importing(text, name: "renamed.json").known == 2)
    let lines = try await made.imported.lines { $0.selection.failed = true }
    #expect(lines.map { $0["task"]?.text } == ["1", "b"] && lines.allSatisfy { $0["particle"] == 1 })
    #expect(lines[0]["reward"] == 1.0 && lines[0]["usage"]?["inputTokens"] == 10 && lines[0]["policy"] == "openai/x")
    #expect(lines[0].said() == ["user: q", "assistant: 4"])
    #expect(lines[1]["failure"]?["text"] == "it broke" && lines[1]["reward"] == .null)
    let several = log(sample("1", #""scores":{"a":{"value":0.25},"b":{"value":{"x":1,"y":"I"}}}"#))
    for (scorer, said) in [(nil, "give --scorer"), ("c", "it has those of a, b"), ("b", "give --scorer b.x")] {
      let error = await #expect(throws: ConfigurationError.self) {
        _ = try await made.importing(several, name: "s.json") { $0.scorer = scorer }
      }
      #expect(
        error?.message.contains(said) == true && error?.message.contains("line 2") == true, "\(error?.message ?? "")")
    }
    #expect(try await made.importing(several, name: "t.json", into: made.path) { $0.scorer = "a" }.added == 1)
  }

  @Test("A line or value that is too long is left out, and the next one is read")
  func huge() throws {
    let made = try ExportStore()
    let path = made.folder.appendingPathComponent("huge").path
    let long = String(repeating: "x", count: 3 << 20)
    try Data("[1]\n\"\(long)\"\n{\"a\": \"\(long)\"}\n[2]".utf8).write(to: URL(fileURLWithPath: path))
    var cursor = try ByteCursor(path, longest: 2 << 20)
    var lines: [(String?, Int)] = []
    while let (bytes, line) = try cursor.takeLine() {
      lines.append((bytes.map { String(decoding: $0, as: UTF8.self) }, line))
    }
    #expect(lines.map(\.0) == ["[1]", nil, nil, "[2]"] && lines.map(\.1) == [1, 2, 3, 4])
    var values = try ByteCursor(path, longest: 4 << 20)
    let (first, second) = (try values.takeValue(), try values.takeValue())
    #expect(first == Array("[1]".utf8) && second?.count == long.count + 2)
    #expect(values.line == 2)
    var short = try ByteCursor(path, longest: 2 << 20)
    _ = try short.takeValue()
    do {
      _ = try short.takeValue()
      Issue.record("The value was read.")
    } catch is BadRecord {}
  }

  @Test("Importers survive any bytes")
  func fuzz() async throws {
    let made = try ExportStore()
    let file = made.folder.appendingPathComponent("fuzz").path
    let seeds = [
      Self.line(#""reward":1,"steps":[{"action":"a","observation":"b"},{"action":"c"}]"#),
      #"[{"item_id":"t","conversations":[{"from":"human","loss":null,"value":"x"},{"from":"gpt","loss":true,"value":"y"}],"reward":1}]"#,
      #"{"version":2,"eval":{"task":"t","model":"m"},"samples":[{"id":1,"epoch":1,"messages":[{"role":"assistant","content":"x"}],"scores":{"s":{"value":1}}}]}"#,
      #"{"version":2,"eval":{"task":"t","model":"m"},"samples":[{"id":1,"epoch":-9223372036854775808,"messages":[{"role":"assistant","content":"x"}],"scores":{"s":{"value":1}}}]}"#,
    ]
    let request = ImportRequest(files: [file])
    let target = Importer.Target(world: Made.world, policy: "coin", format: .react, maximalReward: 1) { _ in .init() }
    let words = [
      "task", "messages", "reward", "steps", "conversations", "loss", "samples", "eval", "null", "1e999", "NaN",
    ]
    for await data in Fuzz("import", seeds, count: 600, words: words) {
      try data.write(to: URL(fileURLWithPath: file))
      _ = try? await made.store.importing { store in
        var report = ImportReport(store: "", policy: "", world: Made.world)
        try Importer(request, target).add(RecordFile(file, format: nil), to: store, &report) { _ in }
      }
    }
  }
}
