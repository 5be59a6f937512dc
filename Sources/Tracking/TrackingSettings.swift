/// Where a run is reported to.
package struct TrackingSettings: Sendable, Hashable {
  package var otel: OTelSettings?
  package var mlflow: MLflowSettings?
  package var wandb: WandBSettings?

  package init() {}

  /// Whether there is no tracker.
  package var isEmpty: Bool { self == TrackingSettings() }

  /// The environment variables that may hold secrets.
  package var keyVariables: Set<String> {
    var names: Set<String> = []
    if let otel { names.insert(otel.headersVariable ?? OTelSettings.standardVariable) }
    if let mlflow { names.insert(mlflow.tokenVariable ?? MLflowSettings.standardVariable) }
    if let wandb { names.insert(wandb.apiKeyVariable ?? WandBSettings.standardVariable) }
    return names
  }
}

/// A receiver of traces that speaks OTLP over HTTP.
package struct OTelSettings: Sendable, Hashable {
  /// The variable that is read if none is named. It may be unset.
  package static let standardVariable = "OTEL_EXPORTER_OTLP_HEADERS"

  /// The receiver's base URL, without `/v1/traces`.
  package var url: String
  /// The variable that holds headers; nil for ``standardVariable``.
  package var headersVariable: String?
  /// The share of tasks whose spans are sent.
  package var sample = 0.1
  /// Whether prompts, answers, actions and observations are sent.
  package var content = false
  /// The value of `service.name`.
  package var service = "coxswain"
  package var allowPlainHTTP = false

  package init(url: String) { self.url = url }
}

/// A tracking server of MLflow.
package struct MLflowSettings: Sendable, Hashable {
  /// The variable that is read if none is named. It may be unset.
  package static let standardVariable = "MLFLOW_TRACKING_TOKEN"

  package var url: String
  package var experiment = "coxswain"
  /// The variable that holds a bearer token; nil for ``standardVariable``.
  package var tokenVariable: String?
  /// Whether the report is uploaded when a command ends.
  package var report = true
  package var allowPlainHTTP = false

  package init(url: String) { self.url = url }
}

/// A project of Weights & Biases.
package struct WandBSettings: Sendable, Hashable {
  /// Offline runs are kept in a folder, for `wandb sync`.
  package enum Mode: String, CaseIterable, Sendable { case online, offline }

  /// The variable that is read if none is named. It may be unset: the package then uses the login of `wandb login`.
  package static let standardVariable = "WANDB_API_KEY"

  package var project: String
  package var entity: String?
  package var mode = Mode.online
  package var apiKeyVariable: String?
  /// The Python that has the package; nil to look for it.
  package var python: String?
  /// Whether the report is uploaded when a command ends.
  package var report = true

  package init(project: String) { self.project = project }
}

/// What is wrong with a tracker before a run begins.
package struct TrackingError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do about it, without a secret.
  package let message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
