import Findings
import Foundation
import Steering

/// Files that commands write beside the store for other commands: comparisons, studies and plans.
extension Workbench {
  /// A file beside the store.
  package func besideStore(_ name: String) -> String { Self.beside(store: options.store, name) }

  package static func beside(store: String, _ name: String) -> String {
    URL(fileURLWithPath: store).deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// The path of the last comparison, or of the last one of a study.
  package func comparisonPath(_ study: Comparison.Study?) -> String {
    besideStore("\(study?.rawValue ?? "comparison").comparison.json")
  }

  /// The path of the last study.
  package var studyPath: String { besideStore("study.json") }

  /// The last study; nil if there is none of this world and policy.
  package func study() throws -> StudyFindings? {
    guard let data = try TextFile.data(studyPath) else { return nil }
    guard let study = try? JSONDecoder().decode(StudyFindings.self, from: data) else {
      throw ConfigurationError("\(studyPath) is not a study that this version can read. Make it again with cox study.")
    }
    return study.environment == world.identity && study.policy == policyIdentity ? study : nil
  }

  /// The comparison at a path; nil if there is no file.
  package func comparison(at path: String) throws -> Comparison? {
    guard let data = try TextFile.data(path) else { return nil }
    do { return try Comparison(json: data) } catch { throw ConfigurationError("\(path): \(error.message)") }
  }

  /// The plan at a path; nil if there is no file.
  package static func plan(at path: String) throws -> Plan? {
    guard let data = try TextFile.data(path) else { return nil }
    guard let plan = try? JSONDecoder().decode(Plan.self, from: data), plan.format == Plan.format,
      plan.version == Plan.version, plan.isSound
    else { throw ConfigurationError("\(path) is not a plan that this version can read. Make it again with cox plan.") }
    return plan
  }

  /// Adds world and policy to a comparison, and a plan's predictions if there is a plan for it. Writes it for `cox
  /// report`. The comparison was paid for, so errors here only cause warnings and it is still shown.
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

  /// Whether the plan is for this world and policy, and for the critic if its identity is known without opening it.
  package func isOurs(_ plan: Plan, critic flag: String?) -> Bool {
    isOurs(plan, identity: isAsked(flag) ? nil : try? critic(flag).identity)
  }

  /// - Parameter critic: the critic's identity; nil if it is unknown.
  package func isOurs(_ plan: Plan, identity critic: String?) -> Bool {
    plan.environment == world.identity && plan.policy == policyIdentity && (critic ?? plan.critic) == plan.critic
  }

  /// Whether the comparison is for this world and policy. A comparison without these fields passes.
  package func isOurs(_ comparison: Comparison) -> Bool {
    (comparison.environment ?? world.identity) == world.identity
      && (comparison.policy ?? policyIdentity) == policyIdentity
  }
}
