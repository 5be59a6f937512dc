import Agents
import Findings

extension Workbench {
  /// Compares the tokens of a tuned model with those of its base, on the tuned model's own attempts.
  ///
  /// - Parameters:
  ///   - adapter: a folder, or a name beside the store; nil for the configured one.
  ///   - attempts: the number of attempts at each task.
  ///   - intervenes: also measures pass rates of the base with the tuned model's tokens.
  package func tokens(
    adapter: String?, tasks choice: TaskChoice, attempts: Int, intervenes: Bool
  ) async throws -> TokenFindings {
    _ = try openPolicy(for: "tokens")
    try checkSampling(for: "tokens")
    let (tasks, split) = try choice.select(from: world, default: .test)
    guard let path = adapter.map(adapterPath) ?? configuration.policy.adapter else {
      throw ConfigurationError(
        """
        cox tokens compares a tuned model with its base, and no adapter is given: give --adapter, a folder that cox \
        sharpen wrote, or set policy.adapter.
        """)
    }
    // If an adapter is named, the base is the policy as configured.
    let base = adapter == nil ? try await tuned(by: nil) : self
    let comparison = TokenComparison(
      base: base, tuned: try await tuned(by: path), adapter: path, tasks: tasks, split: split,
      attempts: attempts, intervenes: intervenes)
    return try await observer.resumable(budget) { try await comparison.findings() }
  }
}
