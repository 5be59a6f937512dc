import Agents
import Foundation

/// A language model in this process that reads the states: a low-rank adapter and a head.
package struct LMKind: CriticKind {
  package static let name = "lm"
  package static let summary = "A language model in this process, trained on stored rollouts."

  /// A GGUF file or a Hugging Face folder; nil for the policy's own model, or the bundled one.
  package var model: String?
  /// The number of threads.
  package var threads: Int?

  package init() {}

  package init(_ yaml: inout YAMLMapping) throws {
    model = try yaml.text(
      "model", default: "the model of the policy if that is `mlx`, else the bundled one",
      MLXKind.modelWords.help)
    threads = try yaml.count(
      "threads", most: Bounds.threads, default: "cores − 1", "threads that compute the values")
  }

  /// The policy's own model is used if it is in this process.
  package func needs(besides policy: PolicySettings) -> Set<Need> {
    model == nil && policy.kind != MLXKind.self ? [.modelsInProcess, .bundledModel] : [.modelsInProcess]
  }

  package static func isTrained(_ name: String, in workbench: Workbench) -> Bool {
    FileManager.default.fileExists(atPath: "\(workbench.readerPath(name))/critic.json")
  }

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    try await body(workbench.openCritic(at: workbench.readerPath(name)))
  }

  package func immediate(_ name: String, in workbench: Workbench) throws -> any Critic {
    throw ConfigurationError("The critic \(name) cannot be used here: its language model is not loaded.")
  }
}
