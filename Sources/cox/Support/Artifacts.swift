import Foundation
import Steering

/// What commands leave beside the store for others to read: comparisons and plans.
extension Workspace {
  /// Where the last comparison is, or the last of a study.
  func comparisonPath(_ study: Comparison.Study?) -> String {
    URL(fileURLWithPath: options.store).deletingLastPathComponent()
      .appendingPathComponent("\(study?.rawValue ?? "comparison").comparison.json").path
  }

  /// The comparison at a path, or nil where there is none.
  func comparison(at path: String) throws -> Comparison? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do { return try Comparison(json: data) } catch { throw ConfigurationError("\(path): \(error.message)") }
  }

  /// The plan at a path, or nil where there is none.
  static func plan(at path: String) throws -> Plan? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    guard let plan = try? JSONDecoder().decode(Plan.self, from: data), plan.format == Plan.format,
      plan.version == Plan.version
    else { throw ConfigurationError("\(path) is no plan that this version can read. Make it again with cox plan.") }
    return plan
  }

  /// Adds what the plan foresaw, where there is one for this world, policy and critic, and leaves the comparison for `cox report`.
  func finish(_ comparison: inout Comparison, critic flag: String?, plan: String? = nil) throws {
    if let plan = try Self.plan(at: plan ?? planPath(flag)), plan.environment == suite.identity,
      plan.policy == policyIdentity
    {
      let predictions = comparison.predictions(of: plan)
      if !predictions.isEmpty { comparison.predictions = predictions }
    }
    try Console.write(json: comparison, to: comparisonPath(comparison.study))
  }
}
