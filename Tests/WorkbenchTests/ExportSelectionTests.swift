import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Testing

@testable import Workbench

@Suite("What is exported")
struct ExportSelectionTests {
  private typealias Made = ExportStore

  private static func won(_ response: String, _ reward: Double) -> [Step] {
    [Made.step(response, "end", reward: reward, isDone: true)]
  }

  @Test("Runs, splits, tasks, standings and failed attempts are chosen")
  func chosen() async throws {
    let made = try ExportStore()
    try await made.add([Self.won("a", 1)], task: "x", run: Made.run("aaa1"))
    try await made.add([Self.won("b", 1)], task: "y", run: Made.run("bbb1"), split: .test)
    let run = Made.run("ccc1")
    let task = AgentTask(id: "z", request: "", stepLimit: 3)
    try await made.store.begin(run)
    try await made.store.note([task], split: nil, of: run.environment)
    func record(_ particle: Int, _ standing: TrajectoryRecord.Standing, failure: AttemptFailure? = nil)
      -> TrajectoryRecord
    {
      TrajectoryRecord(
        particle: particle, standing: standing,
        trajectory: Trajectory(task: task, opening: Observation("o"), steps: Self.won("s", 0.5)), failure: failure)
    }
    try await made.store.save(
      run: run.id, task: task,
      trajectories: [
        record(0, .final), record(0, .banked), record(1, .culled(after: 1)),
        record(2, .final, failure: AttemptFailure(.noAnswer, "it hung")),
      ])
    func ids(_ change: @escaping (inout ExportSelection) throws -> Void) async throws -> [String] {
      var selection = ExportSelection()
      try change(&selection)
      return try await made.lines { $0.selection = selection }.map { $0["id"]?.text ?? "" }
    }
    #expect(try await ids { _ in } == ["aaa1/x/0", "bbb1/y/0", "ccc1/z/0", "ccc1/z/0-banked"])
    #expect(try await ids { $0.runs = ["bbb"] } == ["bbb1/y/0"])
    #expect(try await ids { $0.runs = ["last"] } == ["ccc1/z/0", "ccc1/z/0-banked"])
    #expect(try await ids { $0.split = .test } == ["bbb1/y/0"])
    #expect(try await ids { $0.tasks = "x, nope ,y" } == ["aaa1/x/0", "bbb1/y/0"])
    #expect(try await ids { $0.standings = try ExportSelection.standings("culled") } == ["ccc1/z/1-culled-1"])
    #expect(try await ids { $0.standings = try ExportSelection.standings("all") }.count == 5)
    let failed = try await made.lines { $0.selection.failed = true }
    #expect(failed.count == 5 && failed[3]["reward"] == .null)
    #expect(failed[3]["failure"] == ["kind": "noAnswer", "text": "it hung"])
    for (name, said) in [("", "no run's id begins"), ("ddd", "there are aaa1, bbb1, ccc1")] {
      let error = await #expect(throws: ConfigurationError.self) { _ = try await ids { $0.runs = [name] } }
      #expect(error?.message.contains(said) == true)
    }
    await #expect(throws: ConfigurationError.self) { _ = try await ids { $0.tasks = "0..<2" } }
    #expect(throws: ConfigurationError.self) { try ExportSelection.standings("final,dead") }
  }

  @Test("A folder gets a file for each run, and files are not replaced unasked")
  func folder() async throws {
    let made = try ExportStore()
    try await made.add([Self.won("a", 1)], task: "x", run: Made.run("aaa1"))
    try await made.add([Self.won("b", 1)], task: "y", run: Made.run("bbb1"))
    var request = ExportRequest()
    request.out = made.folder.appendingPathComponent("all").path + "/"
    let summary = try await Workbench.export(request, made.options, isConfigured: false)
    #expect(summary.files.map(\.records) == [1, 1] && summary.bytes > 1000 && summary.tasks == 2)
    #expect(
      summary.files.map { URL(fileURLWithPath: $0.path).lastPathComponent } == [
        "aaa1-collect-best-of.jsonl", "bbb1-collect-best-of.jsonl",
      ])
    let error = await #expect(throws: ConfigurationError.self) {
      _ = try await Workbench.export(request, made.options, isConfigured: false)
    }
    #expect(error?.message.contains("exists: give another --out, or --force") == true)
    request.force = true
    #expect(try await Workbench.export(request, made.options, isConfigured: false).records == 2)
    // A log of inspect_ai has one run, and a pipe no Parquet.
    for (format, out) in [(ExportFormat.inspect, made.folder.path + "/l.eval"), (.parquet, "-")] {
      (request.format, request.out) = (format, out)
      await #expect(throws: ConfigurationError.self) {
        _ = try await Workbench.export(request, made.options, isConfigured: false)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: made.folder.path + "/l.eval"))
  }

  @Test("Runs whose ids begin alike get files of their own")
  func sharedBeginnings() async throws {
    let made = try ExportStore()
    for (number, id) in ["0123456789aa", "0123456789ab", "1123456789ab"].enumerated() {
      try await made.add([Self.won("a", 1)], task: TaskID("t\(number)"), run: Made.run(id))
    }
    var request = ExportRequest()
    request.out = made.folder.appendingPathComponent("all").path + "/"
    let summary = try await Workbench.export(request, made.options, isConfigured: false)
    #expect(summary.files.map(\.records) == [1, 1, 1])
    #expect(
      Set(summary.files.map { URL(fileURLWithPath: $0.path).lastPathComponent }) == [
        "0123456789aa-collect-best-of.jsonl", "0123456789ab-collect-best-of.jsonl", "1123456789-collect-best-of.jsonl",
      ])
  }

  @Test("Pairs part where attempts do: the best branch with the worst, the second best with the second worst")
  func pairs() async throws {
    let made = try ExportStore()
    // a has the mean 0.75, b 0.5, c 0.25, d 0; below a its two attempts part again.
    try await made.add([
      [Made.step("a", "m"), Made.step("x", "end", reward: 1, isDone: true)],
      [Made.step("a", "m"), Made.step("y", "end", reward: 0.5, isDone: true)],
      Self.won("b", 0.5), Self.won("c", 0.25), Self.won("d", 0),
    ])
    let pairs = try await made.lines {
      $0.format = .trl
      $0.trainer = .dpo
    }
    #expect(
      pairs.map { [$0.said("prompt"), $0.said("chosen"), $0.said("rejected")] } == [
        [["system: Play.", "user: go"], ["assistant: a", "user: m", "assistant: x"], ["assistant: d"]],
        [["system: Play.", "user: go"], ["assistant: b"], ["assistant: c"]],
        [["system: Play.", "user: go", "assistant: a", "user: m"], ["assistant: x"], ["assistant: y"]],
      ])
    let next = try await made.lines {
      $0.format = .trl
      $0.trainer = .dpo
      $0.nextMessageOnly = true
    }
    #expect(next.first?.said("chosen") == ["assistant: a"])
    let labels = try await made.lines {
      $0.format = .trl
      $0.trainer = .kto
    }
    // The mean is 0.45.
    #expect(labels.map { $0["label"] } == [true, true, true, false, false])
    #expect(labels[0].said("completion") == ["assistant: a", "user: m", "assistant: x"])
    let high = try await made.lines {
      $0.format = .trl
      $0.threshold = 0.6
    }
    #expect(high.count == 1 && high[0].said().last == "assistant: x")
  }

  @Test("Attempts with one reward make no pairs and no labels")
  func alike() async throws {
    let made = try ExportStore()
    try await made.add([Self.won("a", 1), Self.won("b", 1)])
    for trainer in [TrainerForm.dpo, .kto] {
      let lines = try await made.lines {
        $0.format = .trl
        $0.trainer = trainer
      }
      #expect(lines.isEmpty)
    }
  }

  @Test("AgentGym's conversations mark what the agent said, and come back as they were")
  func agentGym() async throws {
    let made = try ExportStore()
    try await made.add([[Made.step("a", "then"), Made.step("b", "end", reward: 0.5, isDone: true)]])
    var request = ExportRequest()
    request.format = .agentgym
    request.out = made.folder.appendingPathComponent("gym.json").path
    _ = try await Workbench.export(request, made.options, isConfigured: false)
    let written = try String(contentsOfFile: request.out, encoding: .utf8)
    let record = try #require(OrderedJSON(parsing: written)?.items?.first)
    let turns = record["conversations"]?.items ?? []
    #expect(turns.map { $0["from"]?.text } == ["human", "gpt", "human", "gpt", "human", "gpt", "human"])
    #expect(turns.map { $0["loss"] } == [.null, false, .null, true, .null, true, .null])
    #expect(turns.last?["value"] == "end" && record["item_id"] == "t" && record["reward"] == 0.5)
    let report = try await made.importing(file: request.out)
    #expect(report.added == 1 && report.prior == 0)
    #expect(try await made.importing(file: request.out).known == 1)
    let second = try made.imported
    request.out = made.folder.appendingPathComponent("again.json").path
    _ = try await Workbench.export(request, second.options, isConfigured: false)
    #expect(try String(contentsOfFile: request.out, encoding: .utf8) == written)
  }
}
