import Foundation
import Synchronization

/// Reports runs to a tracking server of MLflow, by its REST API.
package final class MLflowTracker: ExperimentTracker {
  package let wantsReport: Bool
  private let outbox: Outbox<ExperimentUpdate>
  private let api: MLflowAPI
  private let worker: Task<Void, Never>

  /// - Parameter token: the bearer token; nil for none.
  package init(_ settings: MLflowSettings, token: String?) {
    wantsReport = settings.report
    let api = MLflowAPI(settings, token: token)
    let outbox = Outbox<ExperimentUpdate>(capacity: 8_192, most: 256, linger: 1)
    let session = MLflowSession(api, experiment: settings.experiment)
    (self.api, self.outbox) = (api, outbox)
    worker = Task.detached(priority: .utility) { await outbox.work { await session.deliver($0) } }
  }

  package func begin(_ run: TrackedRun) { outbox.add(.begin(run), isEssential: true) }

  package func log(_ figures: [String: Double], step: Int, of run: String) {
    outbox.add(.figures(figures, step: step, run: run, milliseconds: ExperimentUpdate.milliseconds))
  }

  package func finish(_ run: String, figures: [String: Double], status: TrackedRun.Status) {
    outbox.add(
      .finish(run: run, figures: figures, status: status, milliseconds: ExperimentUpdate.milliseconds),
      isEssential: true)
  }

  package func add(file: Data, named name: String, to run: String) {
    outbox.add(.file(file, name: name, run: run), isEssential: true)
  }

  package func close(within seconds: Double) async -> TrackingLoss {
    outbox.close()
    await Deadline(seconds, idle: 5).finish(worker) { [outbox] in outbox.moves }
    outbox.abandon("the command ended before they were sent")
    await api.close()
    let (sent, losses) = outbox.tally
    return TrackingLoss(tracker: "mlflow", unit: "updates", sent: sent, losses: losses)
  }

  /// Asks the server for the experiment.
  ///
  /// - Returns: nil if the server answers, otherwise what is wrong.
  package static func problem(_ settings: MLflowSettings, token: String?) async -> String? {
    let api = MLflowAPI(settings, token: token)
    var problem: String?
    do throws(MLflowFailure) {
      _ = try await api.get("experiments/get-by-name", [("experiment_name", settings.experiment)], within: 5)
    } catch {
      // The experiment is made by the first run.
      if error.code != "RESOURCE_DOES_NOT_EXIST" { problem = error.reason }
    }
    await api.close()
    return problem
  }
}
