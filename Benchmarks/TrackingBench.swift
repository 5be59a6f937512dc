import Foundation
import Workbench

/// Processor time of a call, and calls a second, of a run with each tracker, against the same run without one. The model's
/// server and the backends answer at once, in processes of their own. Runs with and without alternate, so that both have
/// the same conditions.
///
/// With such servers a run is limited by the processor, so that the calls a second that a tracker costs are the processor
/// time that it takes; that varies much less from run to run than the clock on a machine with other work.
///
/// A tracker has a cost for each call, and one for each run: threads, connections, for W&B a Python that imports its package.
/// A short run beside a long one tells them apart.
enum TrackingBench {
  static let rounds = 5
  /// The calls of a run: 40 orders of 5 fields with so many attempts.
  static let attempts = (short: 10, long: 50)

  /// What the model's server and the tracking server answer to everything.
  private static let answer = """
    {"choices":[{"index":0,"message":{"role":"assistant","content":"coat"},"finish_reason":"stop"}],\
    "usage":{"prompt_tokens":60,"completion_tokens":2},"experiment":{"experiment_id":"1"},\
    "run":{"info":{"run_id":"r","artifact_uri":"mlflow-artifacts:/1/r/artifacts"}}}
    """

  static func run() async throws {
    try await Served.with(seconds: 0, answer) { model in
      try await Served.with(seconds: 0, answer) { served in
        let backend = served.replacing("/v1", with: "")
        var trackers = [
          ("otel, a tenth of the tasks", "{ otel: { url: \"\(backend)\" } }"),
          ("otel, all tasks", "{ otel: { url: \"\(backend)\", sample: 1 } }"),
          ("otel, all tasks with content", "{ otel: { url: \"\(backend)\", sample: 1, content: true } }"),
          ("mlflow", "{ mlflow: { url: \"\(backend)\", report: false } }"),
        ]
        if let python = ProcessInfo.processInfo.environment["WANDB_PYTHON"] {
          trackers.append(
            ("wandb, offline", "{ wandb: { project: p, mode: offline, report: false, python: \"\(python)\" } }"))
        } else {
          print("wandb is left out: WANDB_PYTHON names no Python that has it")
        }
        _ = try await rate(model, "{}", attempts.short)
        for (name, tracking) in trackers {
          for attempts in [attempts.short, attempts.long] {
            print("\(name), \(200 * attempts) calls: \(try await loss(model, tracking, attempts))")
          }
        }
      }
    }
  }

  private static func loss(_ model: String, _ tracking: String, _ attempts: Int) async throws -> String {
    var (ratios, rates, ends, works): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for round in 0..<rounds {
      // The order alternates, too.
      let first = try await rate(model, round.isMultiple(of: 2) ? "{}" : tracking, attempts)
      let second = try await rate(model, round.isMultiple(of: 2) ? tracking : "{}", attempts)
      let (plain, tracked) = round.isMultiple(of: 2) ? (first, second) : (second, first)
      ratios.append(tracked.calls / plain.calls)
      rates.append(plain.calls)
      works.append(tracked.work / plain.work)
      ends.append(tracked.end - plain.end)
    }
    ratios.sort()
    rates.sort()
    ends.sort()
    works.sort()
    return """
      \(Bench.text(100 * (works[rounds / 2] - 1), 1)) % more processor time a call (\(rounds) rounds: \
      \(works.map { Bench.text(100 * ($0 - 1), 1) }.joined(separator: ", "))); \
      \(Bench.text(100 * (1 - ratios[rounds / 2]), 1)) % fewer calls a second (\(rounds) rounds: \
      \(ratios.reversed().map { Bench.text(100 * (1 - $0), 1) }.joined(separator: ", "))) than \
      \(Bench.text(rates[rounds / 2], 0)); \(Bench.text(1_000 * ends[rounds / 2], 0)) ms more at the end
      """
  }

  /// Collects 40 orders with so many attempts into a new store.
  ///
  /// - Returns: calls a second, the seconds that the command takes besides, and the processor time of a call.
  private static func rate(
    _ model: String, _ tracking: String, _ attempts: Int
  ) async throws -> (calls: Double, end: Double, work: Double) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tracking-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("c.yaml")
    try Data(
      """
      environment: { kind: orders, tasks: { train: "0..<40" } }
      policy: { kind: openai, url: "\(model)", model: m, format: plain, maxTokens: 8, samplesPerCall: 1, concurrency: 16,
                choices: validate }
      tracking: \(tracking)
      """.utf8
    ).write(to: file)
    let options = try Workbench.Options(
      configuration: file.path, store: folder.appendingPathComponent("s.sqlite").path)
    let start = ContinuousClock.now
    let before = processorSeconds
    let report = try await Workbench.with(options) { try await $0.collect(split: .train, rollouts: attempts) }
    let whole = Bench.seconds(since: start)
    let calls = Double(report.policyCalls)
    return (calls / report.wallSeconds, whole - report.wallSeconds, (processorSeconds - before) / calls)
  }

  /// Of this process and its children that have ended, such as the Python of W&B.
  private static var processorSeconds: Double {
    var used = tms()
    times(&used)
    let ticks = used.tms_utime + used.tms_stime + used.tms_cutime + used.tms_cstime
    return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

extension Bench {
  static func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
