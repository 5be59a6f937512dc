import Agents
import Foundation
import HTTP
import RolloutStore

/// A log of inspect_ai (`read_eval_log`, `inspect view`): a sample for each trajectory of one run, epochs for its
/// attempts at a task.
struct InspectWriter: ExportWriter {
  /// The two forms of a log.
  private enum Target {
    /// `.eval`: a zip file with a file for each sample.
    case zip(ZipWriter)
    /// `.json`: samples are kept in a file beside the log until the figures before them are known.
    case json(any ByteSink, samples: FileSink, path: String)
  }

  private var target: Target
  private let run: StoredRun
  private let createdAt: String
  /// Short descriptions of samples, which `inspect view` lists.
  private let summaries: FileSink
  private let summariesPath: String
  private var count = 0
  private var completed = 0
  private var rewards = Moments()
  private var usage = Usage()
  private var cost: Double?
  private var epochs = 0
  /// The epochs of the present task that are taken.
  private var taken: Set<Int> = []
  private var lastTask: TaskID?

  /// - Parameters:
  ///   - scratch: an empty folder for files until the end.
  ///   - isZip: whether the log is an `.eval` file.
  init(_ sink: any ByteSink, _ run: StoredRun, scratch: String, isZip: Bool) async throws {
    self.run = run
    createdAt = InspectLog.time(run.startedAt)
    summariesPath = "\(scratch)/summaries"
    summaries = try FileSink(summariesPath)
    if isZip {
      var zip = ZipWriter(sink)
      let spec = InspectLog.spec(of: run, createdAt)
      let start: OrderedJSON = ["version": 2, "eval": spec, "plan": InspectLog.plan(run)]
      try await zip.add("_journal/start.json", Array(start.json.utf8))
      target = .zip(zip)
    } else {
      target = .json(sink, samples: try FileSink("\(scratch)/samples"), path: "\(scratch)/samples")
    }
  }

  mutating func write(_ trajectory: ExportedTrajectory) async throws {
    if trajectory.task != lastTask { taken = [] }
    lastTask = trajectory.task
    // Banked and culled attempts have the place of a later one.
    var epoch = trajectory.record.standing == .final ? trajectory.record.particle + 1 : 1
    while !taken.insert(epoch).inserted { epoch += 1 }
    epochs = max(epochs, epoch)
    let sample = InspectLog.sample(trajectory, epoch: epoch, at: createdAt)
    try await summaries.write((count == 0 ? "" : ",\n") + InspectLog.summary(of: sample, trajectory).json)
    switch target {
    case .zip(var zip):
      try await zip.add(InspectLog.fileName(trajectory.task.rawValue, epoch: epoch), Array(sample.json.utf8))
      target = .zip(zip)
    case .json(_, let samples, _): try await samples.write((count == 0 ? "" : ",\n") + sample.json)
    }
    count += 1
    usage += trajectory.usage
    if let pricing = trajectory.pricing { cost = (cost ?? 0) + pricing.cost(of: trajectory.usage) }
    if let reward = trajectory.reward {
      completed += 1
      rewards.add(reward)
    }
  }

  mutating func finish() async throws -> Int {
    try await summaries.finish()
    var header: OrderedJSON = [
      "version": 2, "status": "success", "eval": InspectLog.spec(of: run, createdAt, epochs: max(epochs, 1)),
      "plan": InspectLog.plan(run),
      "results": InspectLog.results(total: count, completed: completed, rewards),
      "stats": [
        "started_at": .text(createdAt), "completed_at": .text(createdAt),
        "model_usage": .object([.init(run.record.policy, usage.inspected(cost: cost))]),
      ],
    ]
    switch target {
    case .zip(var zip):
      let list = "[" + (try String(contentsOfFile: summariesPath, encoding: .utf8)) + "]"
      try await zip.add("summaries.json", Array(list.utf8))
      try await zip.add("header.json", Array(header.json.utf8))
      try await zip.finish()
    case .json(let sink, let samples, let path):
      try await samples.finish()
      header.set("samples", .list([]))
      // The header ends with "samples":[]}; the samples go in between.
      try await sink.write(String(header.json.dropLast(2)) + "\n")
      try await Self.copy(path, to: sink)
      try await sink.write("\n]}\n")
    }
    return count
  }

  private static func copy(_ path: String, to sink: any ByteSink) async throws {
    guard let handle = FileHandle(forReadingAtPath: path) else { throw ExportError("Could not read \(path).") }
    defer { try? handle.close() }
    while let bytes = try handle.read(upToCount: 1 << 20), !bytes.isEmpty { try await sink.write(Array(bytes)) }
  }
}

/// Mean and standard error of a stream of numbers (Welford).
struct Moments {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var squares = 0.0

  mutating func add(_ value: Double) {
    count += 1
    let change = value - mean
    mean += change / Double(count)
    squares += change * (value - mean)
  }

  /// nil for fewer than two numbers.
  var standardError: Double? {
    count > 1 ? (squares / Double(count - 1) / Double(count)).squareRoot() : nil
  }
}
