import Foundation
import Tracking

extension Check {
  /// Whether the configured trackers can be reached. Nothing is reported for those that are not configured.
  package static func tracking(_ options: Result<Workbench.Options, any Error>) async -> [Check] {
    guard let settings = (try? options.get())?.configuration.tracking else { return [] }
    var checks: [Check] = []
    if let otel = settings.otel {
      checks.append(
        await reached("otel", at: otel.url) { () throws(TrackingError) in
          try await OTelTracer.problem(otel, headers: try otel.headers)
        })
    }
    if let mlflow = settings.mlflow {
      checks.append(
        await reached("mlflow", at: mlflow.url) { () throws(TrackingError) in
          await MLflowTracker.problem(mlflow, token: try mlflow.token)
        })
    }
    if let wandb = settings.wandb { checks.append(await self.wandb(wandb)) }
    return checks
  }

  /// - Parameter problem: returns nil where the tracker answers as it should.
  private static func reached(
    _ name: String, at url: String, _ problem: () async throws(TrackingError) -> String?
  ) async -> Check {
    let remedy = "start it, or correct tracking.\(name) in the configuration; a run goes on without it"
    do throws(TrackingError) {
      let problem = try await problem()
      return Check(
        name: "Tracking, \(name)", isFine: problem == nil, detail: problem.map { "\(url): \($0)" } ?? "\(url) answers",
        remedy: remedy)
    } catch {
      return Check(name: "Tracking, \(name)", isFine: false, detail: error.message, remedy: remedy)
    }
  }

  private static func wandb(_ settings: WandBSettings) async -> Check {
    let name = "Tracking, wandb"
    do throws(TrackingError) {
      let python = try await Trackers.python(settings)
      let version = await WandBTracker.version(of: python) ?? "?"
      _ = try settings.key
      guard settings.mode == .online else {
        return Check(name: name, isFine: true, detail: "\(version) at \(python), offline", remedy: nil)
      }
      let given = ProcessInfo.processInfo.environment["WANDB_BASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
      let problem = await WandBTracker.problem(at: given)
      return Check(
        name: name, isFine: problem == nil, detail: "\(version) at \(python), " + (problem ?? "its server answers"),
        remedy: "check the network, or set tracking.wandb.mode: offline")
    } catch {
      return Check(name: name, isFine: false, detail: error.message, remedy: "correct tracking.wandb")
    }
  }
}
