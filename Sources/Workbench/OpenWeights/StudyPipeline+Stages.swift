import Agents
import Findings
import Foundation
import OpenWeights
import ParticleFilter
import Reporting
import RolloutStore
import Steering

extension StudyPipeline {
  /// Runs one stage whose inputs exist.
  package func perform(_ stage: StudyStage, after results: Results) async throws -> StageResult {
    guard let identity = try identity(stage, after: results) else {
      throw ConfigurationError("The stage \(stage.rawValue) needs stages that are not done.")
    }
    switch stage {
    case .collect, .reasonmaxxerCollect:
      return try await attempts(
        stage, identity, try await model(of: stage, results), tasks: settings.trainTasks, split: .train,
        count: settings.rollouts)
    case .baseAttempts, .reasonmaxxerAttempts, .grpoAttempts:
      return try await attempts(
        stage, identity, try await model(of: stage, results), tasks: settings.testTasks, split: .test,
        count: settings.attempts)
    case .critic, .reasonmaxxerCritic:
      let own = try await model(of: stage, results)
      let path = "\(folder.path)/\(stage.rawValue).critic.json"
      return try await again(stage, identity) {
        _ = try await own.train(path)
        return StageResult(
          output: .critic(path: path, identity: try own.critic(path).identity), work: StudyWork())
      }
    case .reasonmaxxer, .grpo: return try await sharpen(stage, identity)
    case .steerBase, .steerReasonmaxxer: return try await steer(stage, identity, results)
    case .reasonmaxxerTokens, .grpoTokens: return try await tokens(stage, identity, results)
    }
  }

  /// The workbench with the model of a stage: the configured or a tuned one.
  private func model(of stage: StudyStage, _ results: Results) async throws -> Workbench {
    switch stage {
    case .collect, .critic, .baseAttempts, .steerBase, .reasonmaxxer, .grpo: return workbench
    case .grpoAttempts, .grpoTokens: return try await workbench.tuned(by: adapter(.grpo, results))
    case .reasonmaxxerAttempts, .reasonmaxxerCollect, .reasonmaxxerCritic, .steerReasonmaxxer, .reasonmaxxerTokens:
      return try await workbench.tuned(by: adapter(.reasonmaxxer, results))
    }
  }

  private func adapter(_ stage: StudyStage, _ results: Results) throws -> String {
    guard case .adapter(let path, _, _) = results[stage]?.output else {
      throw ConfigurationError("The stage \(stage.rawValue) has written no adapter: add this stage to --stages.")
    }
    return path
  }

  /// Runs a stage. If it is recorded as done but its files are missing, it runs anew.
  private func again(
    _ stage: StudyStage, _ identity: String, _ body: () async throws -> StageResult
  ) async throws -> StageResult {
    if folder.record(stage.rawValue, of: identity)?.result != nil { try folder.forget(stage.rawValue) }
    return try await folder.run(stage.rawValue, of: identity, body)
  }

  private func attempts(
    _ stage: StudyStage, _ identity: String, _ own: Workbench, tasks: [AgentTask], split: Split, count: Int
  ) async throws -> StageResult {
    let run = try await own.openRun(try own.openPolicy(for: "study"))
    let settings = run.independent(count)
    let campaign = run.campaign(settings, verb: "study")
    return try await folder.run(
      stage.rawValue, of: identity, foreign: try await workbench.stored(campaign.run, tasks)
    ) {
      let outcome = try await run.steer(
        tasks, split: split, settings: settings, critic: nil, verb: "study", title: "\(stage.rawValue) × \(count)")
      if let stopped = outcome.stopped ?? outcome.failure() { throw stopped }
      return StageResult(
        output: .attempts(policy: own.policyIdentity, sample: outcome.sample),
        work: StudyWork(calls: outcome.calls, usage: outcome.usage, processorSeconds: 0))
    }
  }

  private func sharpen(_ stage: StudyStage, _ identity: String) async throws -> StageResult {
    // Other settings are another training and use another folder.
    let path = "\(folder.path)/\(stage.rawValue)-\(identity.prefix(8))"
    let sharpening = Sharpening(
      workbench: workbench, policy: try workbench.openPolicy(for: "study"), settings: settings.sharpening,
      tasks: Set(settings.trainTasks.map(\.id)),
      // A stopped training is replaced if more rollouts were collected meanwhile. This folder belongs to the study
      // and not to a user.
      replaces: true)
    return try await again(stage, identity) {
      let report = try await sharpening.run(stage == .grpo ? .grpo : .reasonmaxxer, path: path)
      let asked = report.spent + report.looked
      var work = StudyWork(
        calls: asked.calls,
        usage: Usage(
          inputTokens: asked.inputTokens, cachedInputTokens: asked.cachedInputTokens ?? 0,
          outputTokens: asked.outputTokens), processorSeconds: 0)
      work.scoredTokens = report.scoredTokens
      work.trainedTokens = report.trainedTokens
      return StageResult(
        output: .adapter(
          path: path, policy: try await workbench.tuned(by: path).policyIdentity,
          training: .init(
            name: stage.rawValue, adapter: path, steps: report.steps ?? 0, kept: report.best ?? 0,
            heldOut: heldOut.count, threshold: report.threshold)), work: work)
    }
  }

  private func tokens(_ stage: StudyStage, _ identity: String, _ results: Results) async throws -> StageResult {
    let path = try adapter(stage == .grpoTokens ? .grpo : .reasonmaxxer, results)
    let comparison = TokenComparison(
      base: workbench, tuned: try await model(of: stage, results), adapter: path, tasks: settings.testTasks,
      split: .test, attempts: settings.tokenRollouts, intervenes: true)
    return try await folder.run(stage.rawValue, of: identity) {
      StageResult(output: .tokens(try await comparison.findings()), work: StudyWork())
    }
  }
}

// MARK: - Steering

extension StudyPipeline {
  private func steer(_ stage: StudyStage, _ identity: String, _ results: Results) async throws -> StageResult {
    let own = try await model(of: stage, results)
    let need: StudyStage = stage == .steerBase ? .critic : .reasonmaxxerCritic
    guard case .critic(let path, _) = results[need]?.output else {
      throw ConfigurationError("The stage \(need.rawValue) has written no critic: add this stage to --stages.")
    }
    let critic = try own.critic(path)
    let run = try await own.openRun(try own.openPolicy(for: "study"))
    var rows: [StudyFindings.Steered] = []
    var work = StudyWork()
    // A plan, if one is needed, is made once before any timing starts.
    if settings.particles > 1 { _ = try await steering(settings.particles, own, path, critic) }
    for count in ladder {
      let chosen = try await steering(count, own, path, critic)
      try own.check(chosen, for: settings.testTasks)
      let campaign = run.campaign(chosen, critic: critic, verb: "study")
      let result = try await folder.run(
        "\(stage.rawValue)-\(count)", of: "\(identity) \(count)",
        foreign: try await workbench.stored(campaign.run, settings.testTasks)
      ) {
        let outcome = try await run.steer(
          settings.testTasks, split: .test, settings: chosen, critic: critic, verb: "study",
          title: "\(stage.rawValue) × \(count)")
        if let stopped = outcome.stopped ?? outcome.failure() { throw stopped }
        let work = StudyWork(calls: outcome.calls, usage: outcome.usage, processorSeconds: 0)
        let summary = run.summary(outcome, settings: chosen)
        return StageResult(
          output: .steered([.init(summary, of: stage == .steerBase ? "base" : "reasonmaxxer", work: work)]),
          work: work)
      }
      work += result.work
      guard case .steered(let found) = result.output else { continue }
      rows += found.map { $0.taking(result.work) }
    }
    return try await folder.run(stage.rawValue, of: identity) { [rows, work] in
      StageResult(output: .steered(rows), work: work)
    }
  }

  /// The settings for N particles, from the flags, otherwise from the configuration, otherwise from the plan.
  private func steering(
    _ count: Int, _ own: Workbench, _ critic: String, _ trained: any Critic
  ) async throws -> SteeringSettings {
    var chosen = workbench.configuration.steering
    // Set before the plan is read, since a plan for a sample depends on the temperature.
    (chosen.method, chosen.particles, chosen.answer) = (.amc, count, .sample)
    if let temperature = settings.temperature { chosen.temperature = temperature }
    let isAutomatic = settings.resample.map { $0 == "auto" } ?? workbench.configuration.isAutomatic
    if isAutomatic {
      chosen = try await own.planned(
        chosen, by: PlanFlags(critic: critic, temperature: settings.temperature), critic: trained)
    } else if let text = settings.resample {
      chosen.schedule = try SteeringSettings.schedule(text, named: "--resample") ?? .never
    }
    // A single particle is an independent attempt and is stored already.
    if count == 1 { chosen.schedule = .never }
    return chosen.effective
  }
}

extension StageFolder {
  /// Removes the record of a stage.
  package func forget(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name).json") }
}

extension Workbench {
  /// The number of stored answers of a run for these tasks.
  fileprivate func stored(_ run: String, _ tasks: [AgentTask]) async throws -> Int {
    let spent = try await store.spent(run: run)
    return tasks.reduce(0) { $0 + (spent[$1.id]?.calls ?? 0) }
  }
}
