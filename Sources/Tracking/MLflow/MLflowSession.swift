import Agents
import Foundation

/// The experiment and the runs of one command at a tracking server.
actor MLflowSession {
  private struct Run {
    let id: String
    /// Where the server keeps its files.
    let artifacts: String
    /// Tasks whose figures an earlier command has logged.
    let known: Set<Int>
  }

  /// The tag by which a resumed run is found.
  static let tag = "coxswain.run"
  /// The metric that every task has.
  static let mark = "task/policyCalls"

  private let api: MLflowAPI
  private let experiment: String
  private var experimentID: String?
  private var runs: [String: Run] = [:]

  init(_ api: MLflowAPI, experiment: String) { (self.api, self.experiment) = (api, experiment) }

  /// Delivers updates in their order.
  func deliver(_ batch: [ExperimentUpdate]) async -> Outbox<ExperimentUpdate>.Delivery {
    var done = 0
    while done < batch.count {
      var count = 1
      do throws(MLflowFailure) {
        switch batch[done] {
        case .begin(let run): try await begin(run)
        case .figures(_, _, let run, _):
          // Each request holds up to 1,000 metrics.
          let together = batch[done...].prefix(64).prefix {
            if case .figures(_, _, run, _) = $0 { true } else { false }
          }
          count = together.count
          try await log(Array(together), to: run)
        case .finish(let run, let figures, let status, let now): try await finish(run, figures, status, now)
        case .file(let data, let name, let run): try await upload(data, name, to: run)
        }
        done += count
      } catch {
        return Outbox<ExperimentUpdate>.Delivery(
          done: done,
          trouble: error.isPassing
            ? .passing(error.reason, after: error.after) : .final(error.reason, items: count))
      }
    }
    return Outbox<ExperimentUpdate>.Delivery(done: done)
  }

  // MARK: - Runs

  private func begin(_ run: TrackedRun) async throws(MLflowFailure) {
    guard runs[run.id] == nil else { return }
    let experiment = try await openExperiment()
    let found = try await api.post(
      "runs/search",
      [
        "experiment_ids": [.text(experiment)], "filter": .text("tags.`\(Self.tag)` = '\(run.id)'"), "max_results": 1,
      ])
    if let old = found["runs"]?.items?.first, let id = old["info"]?["run_id"]?.text {
      _ = try await api.post("runs/update", ["run_id": .text(id), "status": "RUNNING"])
      // It may have been made by a try that ended before they were logged.
      if (old["data"]?["params"]?.items ?? []).isEmpty { try await log(parameters: run.parameters, to: id) }
      let history = try await api.get(
        "metrics/get-history", [("run_id", id), ("metric_key", Self.mark), ("max_results", "25000")])
      // A whole number comes as a text from some servers.
      let steps = (history["metrics"]?.items ?? []).compactMap { metric in
        metric["step"].flatMap { $0.integer ?? $0.text.flatMap { Int($0) } }
      }
      runs[run.id] = Run(id: id, artifacts: old["info"]?["artifact_uri"]?.text ?? "", known: Set(steps))
      return
    }
    let tags = run.tags.merging([Self.tag: run.id]) { $1 }.sorted { $0.key < $1.key }
    let made = try await api.post(
      "runs/create",
      [
        "experiment_id": .text(experiment), "run_name": .text(run.name),
        "start_time": .integer(ExperimentUpdate.milliseconds),
        "tags": .list(tags.map { ["key": .text($0.key), "value": .text($0.value.clipped(to: 500))] }),
      ])
    guard let info = made["run"]?["info"], let id = info["run_id"]?.text else {
      throw MLflowFailure(reason: "the server answered without a run", isPassing: false)
    }
    try await log(parameters: run.parameters, to: id)
    runs[run.id] = Run(id: id, artifacts: info["artifact_uri"]?.text ?? "", known: [])
  }

  private func log(parameters: [String: String], to id: String) async throws(MLflowFailure) {
    let parameters = parameters.sorted { $0.key < $1.key }
    for start in stride(from: 0, to: parameters.count, by: 100) {
      _ = try await api.post(
        "runs/log-batch",
        [
          "run_id": .text(id),
          "params": .list(
            parameters[start..<min(start + 100, parameters.count)].map {
              ["key": .text($0.key), "value": .text($0.value.clipped(to: 500))]
            }),
        ])
    }
  }

  private func openExperiment() async throws(MLflowFailure) -> String {
    if let experimentID { return experimentID }
    let id: String
    do throws(MLflowFailure) {
      id = try await Self.id(of: experiment, api)
    } catch {
      guard error.code == "RESOURCE_DOES_NOT_EXIST" else { throw error }
      do throws(MLflowFailure) {
        let made = try await api.post("experiments/create", ["name": .text(experiment)])
        guard let text = made["experiment_id"]?.text else {
          throw MLflowFailure(reason: "the server answered without an experiment", isPassing: false)
        }
        id = text
      } catch {
        // Another process was quicker.
        guard error.code == "RESOURCE_ALREADY_EXISTS" else { throw error }
        id = try await Self.id(of: experiment, api)
      }
    }
    experimentID = id
    return id
  }

  private static func id(of experiment: String, _ api: MLflowAPI) async throws(MLflowFailure) -> String {
    let found = try await api.get("experiments/get-by-name", [("experiment_name", experiment)])
    guard let id = found["experiment"]?["experiment_id"]?.text else {
      throw MLflowFailure(reason: "the server answered without an experiment", isPassing: false)
    }
    if found["experiment"]?["lifecycle_stage"]?.text == "deleted" {
      throw MLflowFailure(
        reason: "the experiment \(experiment) is deleted at the server: restore it, or name another one",
        isPassing: false)
    }
    return id
  }

  private func run(_ id: String) throws(MLflowFailure) -> Run {
    guard let run = runs[id] else { throw MLflowFailure(reason: "the run could not be created", isPassing: false) }
    return run
  }

  // MARK: - Figures and files

  private func log(_ updates: [ExperimentUpdate], to id: String) async throws(MLflowFailure) {
    let run = try run(id)
    var metrics: [JSONValue] = []
    for case .figures(let figures, let step, _, let now) in updates where !run.known.contains(step) {
      metrics += Self.metrics(figures, step: step, milliseconds: now)
    }
    try await log(metrics, to: run)
  }

  private func log(_ metrics: [JSONValue], to run: Run) async throws(MLflowFailure) {
    for start in stride(from: 0, to: metrics.count, by: 1_000) {
      _ = try await api.post(
        "runs/log-batch",
        ["run_id": .text(run.id), "metrics": .list(Array(metrics[start..<min(start + 1_000, metrics.count)]))])
    }
  }

  private static func metrics(_ figures: [String: Double], step: Int, milliseconds: Int) -> [JSONValue] {
    figures.filter(\.value.isFinite).sorted { $0.key < $1.key }.map {
      [
        "key": .text($0.key), "value": .number($0.value), "timestamp": .integer(milliseconds), "step": .integer(step),
      ]
    }
  }

  private func finish(
    _ id: String, _ figures: [String: Double], _ status: TrackedRun.Status, _ now: Int
  ) async throws(MLflowFailure) {
    let run = try run(id)
    try await log(Self.metrics(figures, step: 0, milliseconds: now), to: run)
    let word: String =
      switch status {
      case .finished: "FINISHED"
      case .stopped: "KILLED"
      case .failed: "FAILED"
      }
    _ = try await api.post(
      "runs/update", ["run_id": .text(run.id), "status": .text(word), "end_time": .integer(now)])
  }

  private func upload(_ data: Data, _ name: String, to id: String) async throws(MLflowFailure) {
    let run = try run(id)
    guard let parts = URLComponents(string: run.artifacts), parts.scheme == "mlflow-artifacts" else {
      throw MLflowFailure(
        reason: "the server does not take files: it was started with --no-serve-artifacts", isPassing: false)
    }
    let folder = parts.path.drop { $0 == "/" }
    try await api.put(data, at: "\(folder)/\(name)", type: "text/html")
  }
}
