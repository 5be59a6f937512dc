import Agents
import Foundation
import Policies
import Reporting
import RolloutStore
import Steering

extension Workbench {
  /// Writes stored trajectories for other programs. The configured world is opened only if there is a configuration: it
  /// knows the prompts of stores that were written before prompts were kept.
  ///
  /// - Parameter isConfigured: whether the configuration is the user's.
  package static func export(
    _ request: ExportRequest, _ options: Options, isConfigured: Bool
  ) async throws -> ExportSummary {
    guard FileManager.default.fileExists(atPath: options.store) else {
      throw ConfigurationError("There is no store \(options.store): give --store, or make one with cox collect.")
    }
    let store = try RolloutStore(path: options.store, creating: false)
    let places = request.selection.tasks.flatMap(TaskNumbers.parse)
    guard isConfigured else {
      if let text = request.selection.tasks, places != nil {
        throw ConfigurationError(
          "--tasks \(text) are places in a split, which the world knows: give --config, or the ids of tasks.")
      }
      let tasks = request.selection.tasks.map { text in
        Set(text.split(separator: ",").map { TaskID(String($0.trimmed)) })
      }
      let source = ExportSource(
        store: store, selection: request.selection, tasks: tasks, world: nil, pricing: nil)
      return try await Exporter(request, source, options).run()
    }
    // A remembered world does not know its tasks.
    return try await with(options, store: store, creating: places != nil) { bench in
      var tasks: Set<TaskID>?
      if let text = request.selection.tasks {
        let choice = TaskChoice(split: request.selection.split, tasks: text, flag: "--tasks")
        tasks = Set(try choice.select(from: bench.world, default: .train).tasks.map(\.id))
      }
      let source = ExportSource(
        store: store, selection: request.selection, tasks: tasks, world: bench.world,
        pricing: bench.pricing.isFree ? nil : bench.pricing)
      return try await Exporter(request, source, options).run()
    }
  }
}

/// One export of trajectories.
private struct Exporter {
  /// One file, and what goes into it.
  private struct Part {
    let path: String
    let runs: [StoredRun]
    /// nil for tasks of all splits.
    var split: Split??
  }

  private let request: ExportRequest
  private let source: ExportSource
  private let options: Workbench.Options

  init(_ request: ExportRequest, _ source: ExportSource, _ options: Workbench.Options) {
    (self.request, self.source, self.options) = (request, source, options)
  }

  func run() async throws -> ExportSummary {
    let runs = try await chosenRuns()
    let parts = try self.parts(of: runs)
    for part in parts where part.path != "-" { try check(part.path) }
    var summary = ExportSummary(format: request.format)
    summary.runs = runs.count
    let progress = options.observer.begin(
      "export", steps: runs.reduce(0) { $0 + $1.trajectories }, unit: "trajectories")
    defer { progress.end() }
    for part in parts {
      let file = try await write(part, &summary) { progress.update($0, "") }
      // Of a folder, splits without examples have no file.
      if part.path != "-", file.records == 0, parts.count > 1 { unlink(part.path) } else { summary.files.append(file) }
    }
    return summary
  }

  /// Refuses to replace a file unasked.
  private func check(_ path: String) throws {
    try OutputFile.check(path)
    guard !request.force, FileManager.default.fileExists(atPath: path) else { return }
    throw ConfigurationError("\(path) exists: give another --out, or --force to replace it.")
  }

  /// The runs with trajectories that were selected, the oldest first.
  private func chosenRuns() async throws -> [StoredRun] {
    let runs: [StoredRun] = try await source.store.runs().reversed()
    guard !runs.isEmpty else {
      throw ConfigurationError("The store \(options.store) has no trajectories yet: make some with cox collect.")
    }
    guard !source.selection.runs.isEmpty else { return runs }
    var chosen: Set<String> = []
    for name in source.selection.runs {
      let fitting = name == "last" ? runs.suffix(1) : runs.filter { !name.isEmpty && $0.record.id.hasPrefix(name) }
      guard fitting.count == 1, let run = fitting.first else {
        let listed = (fitting.isEmpty ? runs : fitting).prefix(20).map(\.shortID).joined(separator: ", ")
        throw ConfigurationError(
          "--run: \(fitting.isEmpty ? "no run's id begins" : "several runs' ids begin") with "
            + "\"\(name.clipped(to: 40))\"; there are \(listed).")
      }
      chosen.insert(run.record.id)
    }
    return runs.filter { chosen.contains($0.record.id) }
  }

  // MARK: - Files

  private func parts(of runs: [StoredRun]) throws -> [Part] {
    let out = request.out
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: out, isDirectory: &isFolder)
    guard out.hasSuffix("/") || (isThere && isFolder.boolValue) else {
      if request.format == .parquet, out == "-" {
        throw ConfigurationError("Parquet is not written to standard output: give --out FILE.parquet.")
      }
      if request.format == .inspect, runs.count > 1 {
        throw ConfigurationError(
          "A log of inspect_ai has one run, and \(runs.count) are selected: give --run, or --out FOLDER/ for a log of "
            + "each. There are \(runs.prefix(20).map(\.shortID).joined(separator: ", ")).")
      }
      return [Part(path: out, runs: runs)]
    }
    let folder = out.hasSuffix("/") ? String(out.dropLast()) : out
    if request.format == .trl {
      // The names by which PyPI's `datasets` finds splits.
      let splits: [Split?] = source.selection.split.map { [$0] } ?? Split.allCases + [nil]
      return splits.map { Part(path: "\(folder)/\($0?.rawValue ?? "other").jsonl", runs: runs, split: .some($0)) }
    }
    func name(_ run: StoredRun, _ id: String) -> String {
      "\(id)-\(run.record.verb)-\(run.record.method)".filter {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
      }
    }
    // Runs that were imported can share the beginning of their ids.
    let counts = Dictionary(runs.map { (name($0, $0.shortID), 1) }, uniquingKeysWith: +)
    return runs.map { run in
      let short = name(run, run.shortID)
      let own = counts[short] == 1 ? short : name(run, run.record.id)
      return Part(path: "\(folder)/\(own).\(request.format.ending)", runs: [run])
    }
  }

  private func write(
    _ part: Part, _ summary: inout ExportSummary, _ progress: (Int) -> Void
  ) async throws -> ExportSummary.File {
    if request.format == .parquet {
      let (records, bytes) = try await ParquetFile.write(to: part.path) { sink in
        var writer: any ExportWriter = LineWriter(sink)
        return try await fill(&writer, part, &summary, progress)
      }
      return ExportSummary.File(path: part.path, records: records, bytes: bytes)
    }
    let sink = try FileSink(part.path)
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-export-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    do {
      var writer: any ExportWriter
      switch request.format {
      case .trl: writer = TrainerWriter(sink, request)
      case .agentgym: writer = AgentGymWriter(sink)
      case .inspect:
        guard let run = part.runs.first else { throw ConfigurationError("No run is selected.") }
        writer = try await InspectWriter(sink, run, scratch: scratch.path, isZip: part.path.hasSuffix(".eval"))
      case .jsonl, .parquet, .cassette: writer = LineWriter(sink)
      }
      let records = try await fill(&writer, part, &summary, progress)
      try await sink.finish()
      return ExportSummary.File(path: part.path, records: records, bytes: await sink.count)
    } catch {
      await sink.abandon()
      throw error
    }
  }

  private func fill(
    _ writer: inout any ExportWriter, _ part: Part, _ summary: inout ExportSummary, _ progress: (Int) -> Void
  ) async throws -> Int {
    // Only preferences compare attempts of several runs at one task.
    let groups = request.format == .trl ? Self.byWorld(part.runs) : part.runs.map { [$0] }
    for runs in groups {
      try await source.eachTask(ofRuns: runs, split: part.split) { task, split in
        var count = 0
        for run in runs {
          let failed = try await source.eachTrajectory(of: task, split, in: run.record) { trajectory in
            try await writer.write(trajectory)
            count += 1
            if trajectory.prompts.isEmpty, trajectory.trajectory.count > 0 { summary.withoutPrompts += 1 }
          }
          summary.failedLeftOut += failed
        }
        try await writer.endTask()
        summary.trajectories += count
        if count > 0 { summary.tasks += 1 }
        progress(summary.trajectories + summary.failedLeftOut)
      }
    }
    return try await writer.finish()
  }

  /// Runs of the same world, in the order of the first of each.
  private static func byWorld(_ runs: [StoredRun]) -> [[StoredRun]] {
    var worlds: [WorldIdentity] = []
    for run in runs where !worlds.contains(run.record.environment) { worlds.append(run.record.environment) }
    return worlds.map { world in runs.filter { $0.record.environment == world } }
  }
}
