import Agents
import RolloutStore

extension Workbench {
  /// The stored rollouts of the configured world and policy, of one split or, if it is nil, of all splits.
  ///
  /// - Throws: if there are none, an error that lists the contents of the store.
  package func rollouts(in split: Split?) async throws -> [Trajectory] {
    var rollouts: [Trajectory] = []
    for split in split.map({ [$0] }) ?? Split.allCases {
      rollouts += try await store.rollouts(of: world.identity, policy: policyIdentity, split: split).map(\.trajectory)
    }
    guard !rollouts.isEmpty else { throw try await noRollouts(in: split) }
    return rollouts
  }

  /// The failed attempts, which are not among the ``rollouts(in:)``.
  package func failedAttempts(in splits: [Split]) async throws -> FailedAttempts {
    var parts: [FailedAttempts] = []
    for split in splits {
      parts.append(try await store.failedAttempts(of: world.identity, policy: policyIdentity, split: split))
    }
    return FailedAttempts(parts.flatMap(\.reasons), tasks: parts.reduce(0) { $0 + $1.tasks })
  }

  /// Tells the observer the number of failed attempts and the reasons.
  package func noteFailedAttempts(in splits: [Split]) async throws {
    let failed = try await failedAttempts(in: splits)
    guard failed.count > 0 else { return }
    observer.note(
      (["\(failed.count) failed \(failed.count == 1 ? "attempt is" : "attempts are") left out."] + failed.sentences)
        .joined(separator: " "))
  }

  private func noRollouts(in split: Split?) async throws -> CriticError {
    let inventory = try await store.inventory(of: world.identity)
    let found =
      inventory.isEmpty
      ? "The store \(options.store) has no rollouts of \(world.identity)."
      : "The store has none of the policy \"\(policyIdentity)\" in \(split.map { "the \($0) split" } ?? "any split"); it has "
        + inventory.map { "\($0.rollouts) of \"\($0.policy)\" in \($0.split)" }.joined(separator: ", ") + "."
    let failed = try await failedAttempts(in: split.map { [$0] } ?? Split.allCases)
    guard failed.count > 0 else { return CriticError(.tooLittleData, "\(found) Run cox collect first.") }
    return CriticError(.tooLittleData, "\(found) \(failed.text(of: failed.count)) Then run cox collect again.")
  }
}
