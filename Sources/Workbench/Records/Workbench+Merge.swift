import RolloutStore

/// What `cox merge` has done.
public struct MergedStores: Sendable, Hashable, Codable {
  /// The path of the store that has everything.
  public let store: String
  /// One report for each merged store, in their order.
  public let merged: [MergeReport]
  /// Model calls in all.
  public let calls: MergeReport.Count
  /// Attempts in all.
  public let trajectories: MergeReport.Count
}

extension Workbench {
  /// Adds stores to one store, which is made if it is missing.
  ///
  /// - Parameter progress: called with a sentence after each store.
  /// - Throws: ``StoreError``. Stores before the one that fails stay merged, and merging them again does no harm.
  public static func merge(
    _ shards: [String], into path: String, progress: (String) -> Void = { _ in }
  ) async throws -> MergedStores {
    let store = try RolloutStore(path: path)
    var merged: [MergeReport] = []
    for (number, shard) in shards.enumerated() {
      let report = try await store.merge(shard)
      merged.append(report)
      progress("\(number + 1)/\(shards.count) \(shard): \(report.calls.added) calls")
    }
    return MergedStores(
      store: path, merged: merged, calls: sum(merged.map(\.calls)), trajectories: sum(merged.map(\.trajectories)))
  }

  private static func sum(_ counts: [MergeReport.Count]) -> MergeReport.Count {
    counts.reduce(into: MergeReport.Count()) {
      $0.added += $1.added
      $0.known += $1.known
    }
  }
}
