import Foundation

/// One run of a command's method, as an experiment tracker keeps it.
package struct TrackedRun: Sendable {
  /// How a run ended.
  package enum Status: String, Sendable { case finished, stopped, failed }

  /// A digest of what the run is. The same command gives the same, so that a resumed run continues.
  package let id: String
  /// The name shown.
  package let name: String
  /// Settings by name.
  package var parameters: [String: String] = [:]
  package var tags: [String: String] = [:]

  package init(id: String, name: String) { (self.id, self.name) = (id, name) }
}

/// A tracker of parameters, figures and files. Nothing here waits for it.
package protocol ExperimentTracker: Sendable {
  /// Whether the report is uploaded.
  var wantsReport: Bool { get }

  /// A run begins or continues.
  func begin(_ run: TrackedRun)

  /// Figures of one task.
  ///
  /// - Parameters:
  ///   - step: the task's place in the run, from 0.
  ///   - run: the run's id.
  func log(_ figures: [String: Double], step: Int, of run: String)

  /// The run's own figures, at its end.
  func finish(_ run: String, figures: [String: Double], status: TrackedRun.Status)

  /// Adds a file to a run.
  func add(file: Data, named name: String, to run: String)

  /// Delivers what is left, for at most so many seconds.
  func close(within seconds: Double) async -> TrackingLoss
}

/// What an experiment tracker is told, in order.
enum ExperimentUpdate: Sendable {
  case begin(TrackedRun)
  case figures([String: Double], step: Int, run: String, milliseconds: Int)
  case finish(run: String, figures: [String: Double], status: TrackedRun.Status, milliseconds: Int)
  case file(Data, name: String, run: String)

  static var milliseconds: Int { Int(Date().timeIntervalSince1970 * 1_000) }
}
