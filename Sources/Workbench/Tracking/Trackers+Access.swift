import ChildProcess
import Foundation
import Policies
import Tracking

/// Values of environment variables, read only when a tracker is used. No error quotes them.
extension OTelSettings {
  var headers: String? {
    get throws(TrackingError) {
      try value(headersVariable, standard: Self.standardVariable, key: "tracking.otel.headersVariable")
    }
  }
}

extension MLflowSettings {
  var token: String? {
    get throws(TrackingError) {
      try value(tokenVariable, standard: Self.standardVariable, key: "tracking.mlflow.tokenVariable")
    }
  }
}

extension WandBSettings {
  var key: String? {
    get throws(TrackingError) {
      try value(apiKeyVariable, standard: Self.standardVariable, key: "tracking.wandb.apiKeyVariable")
    }
  }
}

/// - Parameters:
///   - name: the configured variable, which must be set; nil for the standard one, which need not.
private func value(_ name: String?, standard: String, key: String) throws(TrackingError) -> String? {
  let text = ProcessInfo.processInfo.environment[name ?? standard]?.trimmingCharacters(in: .whitespacesAndNewlines)
  guard let text, !text.isEmpty else {
    guard let name else { return nil }
    throw TrackingError("The environment variable \(name), which \(key) names, is not set.")
  }
  guard !ValueTemplate.holdsControls(text) else {
    throw TrackingError("The environment variable \(name ?? standard) holds control characters.")
  }
  return text
}

extension Trackers {
  /// A Python that has the package `wandb`.
  static func python(_ settings: WandBSettings) async throws(TrackingError) -> String {
    let candidates =
      settings.python.map { [$0] }
      ?? ([Installation.current.python(with: "wandb")]
        + [
          ProcessInfo.processInfo.environment["VIRTUAL_ENV"].map { "\($0)/bin/python" }, ChildProgram.onPath("python3"),
        ]
        .compactMap(\.self))
    for candidate in candidates where await WandBTracker.version(of: candidate) != nil { return candidate }
    throw TrackingError(
      """
      tracking.wandb needs the Python package wandb, and \(candidates.joined(separator: ", ")) \
      \(candidates.count == 1 ? "does" : "do") not have it: run \(candidates[0]) -m pip install wandb, or set \
      tracking.wandb.python to a Python that has it.
      """)
  }
}

extension PolicySettings {
  /// What spans say about the model.
  var traced: TracedModel {
    let provider =
      switch kind {
      case is OpenAIKind.Type: "openai"
      case is AnthropicKind.Type: "anthropic"
      case is LocalKind.Type: "llama.cpp"
      default: kind.name
      }
    var traced = TracedModel(
      provider: provider, operation: api == .text ? "text_completion" : "chat",
      model: model ?? (kind is LocalKind.Type ? LocalServer.modelName(nil) : nil))
    (traced.temperature, traced.topP, traced.maxTokens) = (temperature, topP, maxTokens)
    if let parts = url.flatMap({ URLComponents(string: $0) }), let host = parts.host {
      traced.address = host
      traced.port = parts.port ?? (parts.scheme?.lowercased() == "https" ? 443 : 80)
    }
    return traced
  }
}
