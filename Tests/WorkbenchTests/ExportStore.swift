import Agents
import Dialects
import Foundation
import ParticleFilter
import RolloutStore
import Testing

@testable import Workbench

/// A store with trajectories that are written down here, and what is exported of it.
struct ExportStore {
  let folder: URL
  let store: RolloutStore
  var path: String { folder.appendingPathComponent("s.sqlite").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-export-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
  }

  static let world = WorldIdentity(kind: "tosses")

  static func run(
    _ id: String = "run1", world: WorldIdentity = world, format: ActionFormat = .plain, isPrior: Bool = true,
    policy: String = "coin"
  ) -> RunRecord {
    RunRecord(
      id: id, verb: "collect", method: "best-of", environment: world, policy: policy, format: format, critic: nil,
      isPrior: isPrior, seed: .max, settings: "{}")
  }

  static func step(_ response: String, _ observation: String, reward: Double = 0, isDone: Bool = false) -> Step {
    Step(
      response: response, action: .act(response),
      outcome: Outcome(Observation(observation), reward: reward, isDone: isDone))
  }

  /// Stores attempts of one task whose prompts show the whole past.
  ///
  /// - Parameter prompts: whether the prompts are stored.
  func add(
    _ attempts: [[Step]], task id: TaskID = "t", run: RunRecord = run(), opening: String = "go", split: Split? = .train,
    prompts: Bool = true
  ) async throws {
    let task = AgentTask(id: id, request: "win", stepLimit: 9)
    try await store.begin(run)
    try await store.note([task], split: split, of: run.environment)
    var records: [TrajectoryRecord] = []
    for (particle, steps) in attempts.enumerated() {
      var parts = [PromptPart(.instructions, "Play."), PromptPart(.prompt, opening)]
      for (number, step) in steps.enumerated() {
        let key = CallKey(run: run.id, task: id, particle: particle, step: number)
        let usage = Usage(inputTokens: 10 + number, outputTokens: 2)
        try await store.record(
          AnswerRecord(
            key: key, promptDigest: "d", response: PolicyResponse(step.response, usage: usage), seconds: 0.5,
            prompt: prompts ? parts : nil))
        parts += [PromptPart(.response, step.response), PromptPart(.prompt, step.outcome.observation.text)]
      }
      records.append(
        TrajectoryRecord(
          particle: particle, trajectory: Trajectory(task: task, opening: Observation(opening), steps: steps)))
    }
    try await store.save(run: run.id, task: task, trajectories: records)
  }

  var options: Workbench.Options {
    Workbench.Options(world: Tosses(), policy: ClosurePolicy("coin") { _ in PolicyResponse("heads") }, store: path)
  }

  /// Exports, and reads the lines of the one file that is written.
  func lines(_ change: (inout ExportRequest) -> Void = { _ in }) async throws -> [OrderedJSON] {
    var request = ExportRequest()
    request.out = folder.appendingPathComponent("out").path
    request.force = true
    change(&request)
    _ = try await Workbench.export(request, options, isConfigured: false)
    return try Self.lines(request.out)
  }

  static func lines(_ path: String) throws -> [OrderedJSON] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try #require(OrderedJSON(parsing: String($0)))
    }
  }

  /// Imports a text as a file.
  func importing(
    _ text: String, name: String = "in.jsonl", into other: String? = nil,
    _ change: (inout ImportRequest) -> Void = { _ in }
  ) async throws -> ImportReport {
    let file = folder.appendingPathComponent(name).path
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return try await importing(file: file, into: other, change)
  }

  func importing(
    file: String, into other: String? = nil, _ change: (inout ImportRequest) -> Void = { _ in }
  ) async throws -> ImportReport {
    var request = ImportRequest(files: [file])
    change(&request)
    var options = options
    options.store = other ?? folder.appendingPathComponent("imported.sqlite").path
    return try await Workbench.with(options) { [request] in try await $0.import(request) }
  }

  /// The store that `importing` writes to.
  var imported: ExportStore {
    get throws {
      let second = folder.appendingPathComponent("second")
      try FileManager.default.createDirectory(at: second, withIntermediateDirectories: true)
      try Self.copy(folder.appendingPathComponent("imported.sqlite").path, to: second.path + "/s.sqlite")
      return ExportStore(second, try RolloutStore(path: second.path + "/s.sqlite"))
    }
  }

  /// A copy of the store, which no process has locked.
  func copied() throws -> String {
    try Self.copy(path, to: path + ".copy")
    return path + ".copy"
  }

  private static func copy(_ source: String, to target: String) throws {
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: target + suffix)
      guard FileManager.default.fileExists(atPath: source + suffix) else { continue }
      try FileManager.default.copyItem(atPath: source + suffix, toPath: target + suffix)
    }
  }

  private init(_ folder: URL, _ store: RolloutStore) { (self.folder, self.store) = (folder, store) }
}

extension OrderedJSON {
  /// A line without what an import changes: ids, run and verb.
  var lasting: OrderedJSON {
    var line = self
    for key in ["id", "run", "verb"] { line.remove(key) }
    return line
  }

  /// Roles and contents of the messages under a key.
  func said(_ key: String = "messages") -> [String] {
    (self[key]?.items ?? []).map { "\($0["role"]?.text ?? "?"): \($0["content"]?.text ?? "–")" }
  }
}
