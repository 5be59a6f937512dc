import Findings
import Foundation
import Steering

/// What commands leave beside the store for others to read: comparisons, studies and plans.
extension Workbench {
  /// A file beside the store.
  package func besideStore(_ name: String) -> String { Self.beside(store: options.store, name) }

  package static func beside(store: String, _ name: String) -> String {
    URL(fileURLWithPath: store).deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// Where the last comparison is, or the last of a study.
  package func comparisonPath(_ study: Comparison.Study?) -> String {
    besideStore("\(study?.rawValue ?? "comparison").comparison.json")
  }

  /// Where the last study is.
  package var studyPath: String { besideStore("study.json") }

  /// The last study, or nil where there is none of this world and policy.
  package func study() throws -> StudyFindings? {
    guard let data = try TextFile.data(studyPath) else { return nil }
    guard let study = try? JSONDecoder().decode(StudyFindings.self, from: data) else {
      throw ConfigurationError("\(studyPath) is no study that this version can read. Make it again with cox study.")
    }
    return study.environment == world.identity && study.policy == policyIdentity ? study : nil
  }

  /// The comparison at a path, or nil where there is none.
  package func comparison(at path: String) throws -> Comparison? {
    guard let data = try TextFile.data(path) else { return nil }
    do { return try Comparison(json: data) } catch { throw ConfigurationError("\(path): \(error.message)") }
  }

  /// The plan at a path, or nil where there is none.
  package static func plan(at path: String) throws -> Plan? {
    guard let data = try TextFile.data(path) else { return nil }
    guard let plan = try? JSONDecoder().decode(Plan.self, from: data), plan.format == Plan.format,
      plan.version == Plan.version, plan.isSound
    else { throw ConfigurationError("\(path) is no plan that this version can read. Make it again with cox plan.") }
    return plan
  }

  /// Says what the comparison is of, adds what the plan foresaw, where there is one for it, and leaves it for `cox report`. The
  /// comparison was paid for: nothing that goes wrong here keeps it from being shown.
  package func finish(
    _ compared: Compared, study: Comparison.Study? = nil, critic flag: String?, plan path: String? = nil
  ) -> Comparison {
    var comparison = Comparison(
      compared.summaries, maximalReward: compared.maximalReward, total: compared.spent, study: study)
    comparison.environment = world.identity
    comparison.policy = policyIdentity
    do {
      if let plan = try Self.plan(at: path ?? planPath(flag)), isOurs(plan, critic: flag) {
        let predictions = comparison.predictions(of: plan)
        if !predictions.isEmpty { comparison.predictions = predictions }
      }
      try OutputFile.write(json: comparison, to: comparisonPath(study))
    } catch { observer.warn("\(error)") }
    return comparison
  }

  /// The plan is of this world and policy, and of the critic where that can be told without asking.
  package func isOurs(_ plan: Plan, critic flag: String?) -> Bool {
    isOurs(plan, identity: isAsked(flag) ? nil : try? critic(flag).identity)
  }

  /// - Parameter critic: the critic's identity; nil where it is not known.
  package func isOurs(_ plan: Plan, identity critic: String?) -> Bool {
    plan.environment == world.identity && plan.policy == policyIdentity && (critic ?? plan.critic) == plan.critic
  }

  /// The comparison is of this world and policy, or does not say.
  package func isOurs(_ comparison: Comparison) -> Bool {
    (comparison.environment ?? world.identity) == world.identity
      && (comparison.policy ?? policyIdentity) == policyIdentity
  }
}
