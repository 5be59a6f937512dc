import Agents
import ChildProcess
import Foundation
import Reporting
import Steering
import Synchronization
import Tracking

/// The trackers of a workbench. They are opened by the first run, and closed with the workbench.
package final class Trackers: Sendable {
  private struct State {
    var isOpen = false
    var tracer: OTelTracer?
    var experiments: [any ExperimentTracker] = []
    /// The ids of runs that were begun.
    var runs: [String] = []
    /// Whether any of them belongs into a report.
    var hasResults = false
  }

  private let settings: TrackingSettings
  private let options: Workbench.Options
  private let state = Mutex(State())

  package init(_ options: Workbench.Options) { (settings, self.options) = (options.configuration.tracking, options) }

  /// Receives the steps of runs; nil for none.
  package var tracer: (any RunTracer)? { state.withLock(\.tracer) }

  private var experiments: [any ExperimentTracker] { state.withLock(\.experiments) }

  /// Opens what is configured, once.
  ///
  /// - Throws: ``ConfigurationError`` if a variable or a package is missing.
  package func open() async throws {
    guard !settings.isEmpty, !state.withLock(\.isOpen) else { return }
    do throws(TrackingError) {
      // What can be wrong comes first, so that nothing is left open.
      let python = try await settings.wandb.asyncMap { wandb throws(TrackingError) in try await Self.python(wandb) }
      let headers = try settings.otel.flatMap { otel throws(TrackingError) in try otel.headers }
      let token = try settings.mlflow.flatMap { mlflow throws(TrackingError) in try mlflow.token }
      let key = try settings.wandb.flatMap { wandb throws(TrackingError) in try wandb.key }
      let tracer = try settings.otel.map { otel throws(TrackingError) in
        try OTelTracer(
          otel, headers: headers, model: options.configuration.policy.traced, now: Date().timeIntervalSince1970)
      }
      var experiments: [any ExperimentTracker] = []
      if let mlflow = settings.mlflow { experiments.append(MLflowTracker(mlflow, token: token)) }
      if let wandb = settings.wandb, let python {
        let folder = Workbench.beside(store: options.store, "")
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        experiments.append(
          WandBTracker(
            wandb, python: python, folder: folder,
            environment: ChildEnvironment(keys: options.configuration.keyVariables), key: key))
      }
      state.withLock { ($0.isOpen, $0.tracer, $0.experiments) = (true, tracer, experiments) }
    } catch { throw ConfigurationError(error.message) }
  }

  // MARK: - Experiments

  /// - Parameter isResult: whether the report is about it, instead of only about what it prepares.
  package func begin(_ run: TrackedRun, isResult: Bool = true) {
    let experiments = state.withLock {
      if !$0.experiments.isEmpty {
        if !$0.runs.contains(run.id) { $0.runs.append(run.id) }
        $0.hasResults = $0.hasResults || isResult
      }
      return $0.experiments
    }
    for experiment in experiments { experiment.begin(run) }
  }

  package func log(_ figures: [String: Double], step: Int, of run: String) {
    for experiment in experiments { experiment.log(figures, step: step, of: run) }
  }

  package func finish(_ run: String, figures: [String: Double], status: TrackedRun.Status) {
    for experiment in experiments { experiment.finish(run, figures: figures, status: status) }
  }

  /// Whether there is anything to tell figures to.
  package var keepsFigures: Bool { !experiments.isEmpty }

  // MARK: - The end

  /// How long the last spans, figures and files may take, in seconds.
  private static let patience = (spans: 10.0, files: 30.0)

  /// Uploads the report, delivers what is left and closes.
  ///
  /// - Parameter report: makes the report; nil if there is none.
  package func close(report: () async -> Data?) async {
    let state = state.withLock { state in
      defer { state = State() }
      return state
    }
    let (tracer, experiments) = (state.tracer, state.experiments)
    guard tracer != nil || !experiments.isEmpty else { return }
    if state.hasResults, experiments.contains(where: \.wantsReport), let page = await report() {
      for experiment in experiments where experiment.wantsReport {
        for run in state.runs { experiment.add(file: page, named: "report.html", to: run) }
      }
    }
    let losses = await withTaskGroup(of: TrackingLoss.self) { group in
      if let tracer { group.addTask { await tracer.close(within: Self.patience.spans) } }
      for experiment in experiments { group.addTask { await experiment.close(within: Self.patience.files) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    for loss in losses.sorted(by: { $0.tracker < $1.tracker }) {
      if let text = loss.text { options.observer.warn(visible(text)) }
    }
  }
}

extension Optional {
  fileprivate func asyncMap<T, E>(_ body: (Wrapped) async throws(E) -> T) async throws(E) -> T? {
    guard let value = self else { return nil }
    return try await body(value)
  }
}

extension Workbench {
  /// Runs `body`, then closes the trackers that it opened, with the report.
  func tracked<T>(_ body: () async throws -> T) async throws -> T {
    func close() async { await trackers.close { await page() } }
    do {
      let value = try await body()
      await close()
      return value
    } catch {
      await close()
      throw error
    }
  }

  /// The page of `cox report`; nil if it cannot be made.
  private func page() async -> Data? {
    do { return Data(try await observed(by: SilentObserver()).report(ReportRequest()).page.html.utf8) } catch {
      observer.note("No report was uploaded to trackers: \(error)")
      return nil
    }
  }
}
