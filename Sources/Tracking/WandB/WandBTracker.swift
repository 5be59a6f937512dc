import Agents
import AsyncHTTPClient
import ChildProcess
import Foundation
import HTTP
import NIOHTTP1
import Synchronization

/// Reports runs to Weights & Biases, by its Python package in a program of its own.
package final class WandBTracker: ExperimentTracker {
  package let wantsReport: Bool
  private let outbox: Outbox<ExperimentUpdate>
  private let worker: Task<Void, Never>
  private let running: Running

  /// The child while it runs, so that it can be killed at the deadline.
  private final class Running: Sendable {
    let child = Mutex<Child?>(nil)
  }

  /// - Parameters:
  ///   - python: a Python that has the package.
  ///   - folder: where the package keeps its files.
  ///   - environment: the variables that the child gets, without its key.
  ///   - key: the API key; nil for the login of `wandb login`.
  package init(_ settings: WandBSettings, python: String, folder: String, environment: ChildEnvironment, key: String?) {
    wantsReport = settings.report
    let outbox = Outbox<ExperimentUpdate>(capacity: 8_192, most: 8, linger: 0.5)
    let running = Running()
    (self.outbox, self.running) = (outbox, running)
    var environment = environment
    // Addresses of servers of one's own, and places of files.
    for name in ["WANDB_BASE_URL", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "NETRC"] {
      environment.passing.insert(name)
    }
    environment.setting["WANDB_MODE"] = settings.mode.rawValue
    environment.setting["WANDB_SILENT"] = "true"
    if let key { environment.setting["WANDB_API_KEY"] = key }
    var own: [String: JSONValue] = [
      "project": .text(settings.project), "mode": .text(settings.mode.rawValue), "folder": .text(folder),
    ]
    if let entity = settings.entity { own["entity"] = .text(entity) }
    let program = ChildProgram(
      path: python,
      arguments: PythonScript.arguments(
        String(decoding: PackageResources.wandb_runs_py, as: UTF8.self), JSONValue.object(own).json),
      environment: environment)
    worker = Task.detached(priority: .utility) {
      do {
        try await program.run { child in
          running.child.withLock { $0 = child }
          defer { running.child.withLock { $0 = nil } }
          let answers = AnswerLines(child)
          await outbox.work { await Self.deliver($0, to: child, answers) }
          guard !Task.isCancelled else { return }
          // Uploads what is not uploaded yet.
          if let error = try await Self.tell(["do": "end"], child, answers) { outbox.lose(1, error) }
        }
      } catch {
        if !Task.isCancelled { outbox.lose(1, "its program ended: \(error)") }
      }
      outbox.abandon("its program ended")
    }
  }

  package func begin(_ run: TrackedRun) { outbox.add(.begin(run), isEssential: true) }

  package func log(_ figures: [String: Double], step: Int, of run: String) {
    outbox.add(.figures(figures, step: step, run: run, milliseconds: 0))
  }

  package func finish(_ run: String, figures: [String: Double], status: TrackedRun.Status) {
    outbox.add(.finish(run: run, figures: figures, status: status, milliseconds: 0), isEssential: true)
  }

  package func add(file: Data, named name: String, to run: String) {
    outbox.add(.file(file, name: name, run: run), isEssential: true)
  }

  package func close(within seconds: Double) async -> TrackingLoss {
    outbox.close()
    // The package takes seconds to begin a run at its server, and to upload what is left.
    await Deadline(seconds, idle: 10).finish(worker) { [outbox] in
      outbox.moves
    } late: { [running] in
      running.child.withLock { $0?.kill() }
    }
    outbox.abandon("the command ended before they were sent")
    let (sent, losses) = outbox.tally
    return TrackingLoss(tracker: "wandb", unit: "updates", sent: sent, losses: losses)
  }

  // MARK: - The child

  private static func deliver(
    _ batch: [ExperimentUpdate], to child: Child, _ answers: AnswerLines
  ) async -> Outbox<ExperimentUpdate>.Delivery {
    for (done, update) in batch.enumerated() {
      do {
        if let error = try await tell(line(update), child, answers) {
          return Outbox<ExperimentUpdate>.Delivery(done: done, trouble: .final(error, items: 1))
        }
      } catch {
        return Outbox<ExperimentUpdate>.Delivery(
          done: done, trouble: .final("its program ended", items: batch.count - done))
      }
    }
    return Outbox<ExperimentUpdate>.Delivery(done: batch.count)
  }

  /// - Returns: what went wrong, in the words of the package; nil if nothing did.
  private static func tell(_ line: JSONValue, _ child: Child, _ answers: AnswerLines) async throws -> String? {
    try await child.write(Array((line.json + "\n").utf8))
    guard let answer = try await answers.next() else { throw CancellationError() }
    return JSONValue(parsing: answer)?["error"]?.text.map { $0.replacing(/\s+/, with: " ") }
  }

  private static func line(_ update: ExperimentUpdate) -> JSONValue {
    func numbers(_ figures: [String: Double]) -> JSONValue {
      .object(figures.filter(\.value.isFinite).mapValues { .number($0) })
    }
    return switch update {
    case .begin(let run):
      [
        "do": "begin", "run": .text(run.id), "name": .text(run.name),
        "config": .object(run.parameters.merging(run.tags) { $1 }.mapValues { .text($0) }),
        "tags": .list(["coxswain.verb", "coxswain.method"].compactMap { run.tags[$0].map { .text($0) } }),
      ]
    case .figures(let figures, let step, let run, _):
      ["do": "log", "run": .text(run), "step": .integer(step), "figures": numbers(figures)]
    case .finish(let run, let figures, let status, _):
      ["do": "finish", "run": .text(run), "figures": numbers(figures), "status": .text(status.rawValue)]
    case .file(let data, let name, let run):
      ["do": "file", "run": .text(run), "name": .text(name), "text": .text(String(decoding: data, as: UTF8.self))]
    }
  }
}

/// Lines of a child's standard output, for one reader.
private actor AnswerLines {
  private let child: Child
  private var rest: [UInt8] = []

  init(_ child: Child) { self.child = child }

  /// The next line; nil at the end.
  func next() async throws -> String? {
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeSubrange(...end)
        return line
      }
      var piece: [UInt8] = []
      try await child.read { bytes in
        piece = bytes
        return false
      }
      guard !piece.isEmpty, rest.count < 1 << 20 else { return nil }
      rest += piece
    }
  }
}

extension WandBTracker {
  /// Finds the package in a Python.
  ///
  /// - Returns: the version; nil if there is none.
  package static func version(of python: String) async -> String? {
    let script = """
      import importlib.metadata, importlib.util, sys
      if importlib.util.find_spec("wandb") is None: sys.exit(1)
      print(importlib.metadata.version("wandb"))
      """
    return await ChildProgram(path: python, arguments: PythonScript.arguments(script)).output()
  }
}

extension WandBTracker {
  /// Whether the server of Weights & Biases answers, with any status.
  ///
  /// - Parameter url: a server of one's own; nil for the public one.
  /// - Returns: nil if it does, otherwise what is wrong.
  package static func problem(at url: String?) async -> String? {
    let url = url ?? "https://api.wandb.ai"
    let client = HTTPClient(connections: 1, for: url)
    var problem: String?
    do throws(HTTPFailure) {
      _ = try await HTTPExchange(client: client, longestBody: 1 << 20).send(.GET, url, headers: [:], within: 5)
    } catch { problem = "its server: \(error.reason)" }
    await client.shutdownInOrder()
    return problem
  }
}
