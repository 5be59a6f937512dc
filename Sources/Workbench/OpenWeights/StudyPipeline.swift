import Agents
import Findings
import Foundation
import OpenWeights
import ParticleFilter
import Reporting
import RolloutStore
import Steering

/// Runs each stage of a study once. Finished stages are read from their files, and interrupted stages continue.
package struct StudyPipeline: Sendable {
  package struct Settings: Sendable {
    package var trainTasks: [AgentTask]
    package var testTasks: [AgentTask]
    /// Rollouts of each train task, for training.
    package var rollouts: Int
    /// Attempts of each model at each test task.
    package var attempts: Int
    /// The largest N.
    package var particles: Int
    /// Rollouts of each test task, for the token-level table.
    package var tokenRollouts: Int
    /// nil for the configured schedule, or that of the plan.
    package var resample: String?
    package var temperature: Double?
    package var sharpening: Sharpening.Settings

    package init(
      trainTasks: [AgentTask], testTasks: [AgentTask], rollouts: Int, attempts: Int, particles: Int,
      tokenRollouts: Int, resample: String?, temperature: Double?, sharpening: Sharpening.Settings
    ) {
      self.trainTasks = trainTasks
      self.testTasks = testTasks
      self.rollouts = rollouts
      self.attempts = attempts
      self.particles = particles
      self.tokenRollouts = tokenRollouts
      self.resample = resample
      self.temperature = temperature
      self.sharpening = sharpening
    }
  }

  package let workbench: Workbench
  package let settings: Settings

  /// - Throws: ``ConfigurationError`` if the policy is not a model in process or the critic is not trees.
  package init(_ workbench: Workbench, _ settings: Settings) throws {
    _ = try workbench.openPolicy(for: "study")
    try workbench.checkSampling(for: "study")
    let kind = workbench.configuration.critic.kind
    guard kind == TreesKind.self else {
      throw ConfigurationError(
        """
        cox study steers by trees that it trains on its own rollouts, but critic.kind is \(kind.name): leave critic \
        out. Compare other critics with cox compare --critic.
        """)
    }
    (self.workbench, self.settings) = (workbench, settings)
  }

  /// Runs the chosen stages that are not done. Writes the findings beside the store, even if a stage fails.
  package func study(_ stages: Set<StudyStage>) async throws -> StudyFindings {
    try await workbench.observer.resumable(workbench.budget) {
      do {
        let findings = findings(try await run(stages) { workbench.observer.note($0) })
        try OutputFile.write(json: findings, to: workbench.studyPath)
        return findings
      } catch {
        // The finished stages are written for cox report even if another fails.
        try? OutputFile.write(json: findings(await done()), to: workbench.studyPath)
        throw error
      }
    }
  }

  package var folder: StageFolder { StageFolder(path: "\(directory)/study") }
  /// The folder of the store.
  private var directory: String { URL(fileURLWithPath: workbench.options.store).deletingLastPathComponent().path }
  package var pass: Double { workbench.world.maximalReward ?? 1 }
  /// The tasks that choose among checkpoints.
  package var heldOut: [AgentTask] {
    Array(((try? workbench.world.tasks(in: .validation)) ?? []).prefix(settings.sharpening.heldOut))
  }
  package var ladder: [Int] { AttemptSample.ladder(upTo: settings.particles) }

  /// Results of finished stages, by stage.
  package typealias Results = [StudyStage: StageResult]

  /// The finished stages whose inputs and files still exist.
  package func done() async -> Results {
    var results: Results = [:]
    for stage in StudyStage.allCases {
      guard let identity = try? identity(stage, after: results),
        let result = folder.record(stage.rawValue, of: identity)?.result, await isThere(result.output)
      else { continue }
      results[stage] = result
    }
    return results
  }

  /// Runs the chosen stages that are not done.
  package func run(_ stages: Set<StudyStage>, note: (String) -> Void) async throws -> Results {
    var results = await done()
    for stage in StudyStage.allCases where stages.contains(stage) && results[stage] == nil {
      let missing = stage.needs.filter { results[$0] == nil }
      guard missing.isEmpty else {
        throw ConfigurationError(
          """
          The stage \(stage.rawValue) needs \(missing.map(\.rawValue).joined(separator: ", ")), which is not done: \
          add it to --stages.
          """)
      }
      note("study: \(stage.rawValue)")
      results[stage] = try await perform(stage, after: results)
    }
    return results
  }

  /// A digest of everything that affects a stage; nil if one of its inputs is not done.
  package func identity(_ stage: StudyStage, after results: Results) throws -> String? {
    var digest = Digest()
    digest.add(
      "study 1", workbench.world.identity.kind, workbench.world.identity.rules, workbench.policyIdentity,
      String(workbench.configuration.steering.seed), String(pass), stage.rawValue)
    for need in stage.needs {
      guard let result = results[need] else { return nil }
      switch result.output {
      case .adapter(_, let policy, _): digest.add(policy)
      case .critic(_, let identity): digest.add(identity)
      case .attempts(let policy, let sample): digest.add(policy, try Self.json(sample))
      case .steered, .tokens: break
      }
    }
    let train = settings.trainTasks.map(\.id.rawValue)
    let test = settings.testTasks.map(\.id.rawValue)
    switch stage {
    case .collect, .reasonmaxxerCollect: digest.add(try Self.json(train), String(settings.rollouts))
    case .critic, .reasonmaxxerCritic: break
    case .reasonmaxxer:
      let own = settings.sharpening
      digest.add(
        try Self.json(train), try Self.json(own.reasonMaxxer), try Self.json(own.thresholds),
        try Self.json(own.training), try Self.json(heldOut.map(\.id.rawValue)))
    case .grpo:
      let own = settings.sharpening
      digest.add(
        try Self.json(train), try Self.json(own.grpo), try Self.json(own.grpoTraining),
        try Self.json(heldOut.map(\.id.rawValue)))
    case .baseAttempts, .reasonmaxxerAttempts, .grpoAttempts:
      digest.add(try Self.json(test), String(settings.attempts))
    case .steerBase, .steerReasonmaxxer:
      digest.add(
        try Self.json(test), String(settings.particles), settings.resample ?? "",
        settings.temperature.map { String($0) } ?? "", try Self.json(workbench.configuration.steering),
        String(workbench.configuration.isAutomatic))
    case .reasonmaxxerTokens, .grpoTokens: digest.add(try Self.json(test), String(settings.tokenRollouts))
    }
    return digest.text
  }

  package static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Whether the files of a stage still exist and have the recorded identity.
  private func isThere(_ output: StageResult.Output) async -> Bool {
    switch output {
    case .adapter(let path, let policy, _): (try? await workbench.tuned(by: path).policyIdentity) == policy
    case .critic(let path, let identity): (try? workbench.critic(path).identity) == identity
    case .attempts, .steered, .tokens: true
    }
  }
}
