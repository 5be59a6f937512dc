import Agents
import Findings
import Reporting
import Steering

extension StudyPipeline {
  /// The findings of the finished stages.
  package func findings(_ results: Results) -> StudyFindings {
    func sample(_ stage: StudyStage) -> (policy: String, sample: AttemptSample)? {
      guard case .attempts(let policy, let sample) = results[stage]?.output else { return nil }
      return (policy, sample)
    }
    let base = sample(.baseAttempts)?.sample
    let models = [
      ("base", StudyStage.baseAttempts), ("reasonmaxxer", .reasonmaxxerAttempts), ("grpo", .grpoAttempts),
    ].compactMap { name, stage in
      sample(stage).map { found in
        StudyFindings.Model(
          name: name, policy: found.policy, sample: found.sample, base: name == "base" ? nil : base,
          most: settings.particles, pass: pass, work: results[stage]?.work ?? StudyWork())
      }
    }
    let steered = [StudyStage.steerBase, .steerReasonmaxxer].flatMap { stage -> [StudyFindings.Steered] in
      guard case .steered(let rows) = results[stage]?.output else { return [] }
      return rows
    }
    let tokens = [StudyStage.reasonmaxxerTokens, .grpoTokens].compactMap { stage -> TokenFindings? in
      guard case .tokens(let found) = results[stage]?.output else { return nil }
      return found
    }
    let trainings = [StudyStage.reasonmaxxer, .grpo].compactMap { stage -> StudyFindings.Training? in
      guard case .adapter(_, _, let training) = results[stage]?.output else { return nil }
      return training
    }
    return StudyFindings(
      environment: workbench.world.identity, policy: workbench.policyIdentity, pass: pass, models: models,
      trainings: trainings, steered: steered, preparations: preparations(results), tokens: tokens,
      missing: StudyStage.allCases.filter { results[$0] == nil }.map(\.rawValue),
      seed: Seed(workbench.configuration.steering.seed).split("study"))
  }

  /// The cost of each preparation, its inputs included.
  private func preparations(_ results: Results) -> [StudyFindings.Preparation] {
    let parts: [(String, [StudyStage])] = [
      ("critic", [.collect, .critic]), ("reasonmaxxer", [.collect, .reasonmaxxer]), ("grpo", [.grpo]),
      (
        "reasonmaxxer and its critic", [.collect, .reasonmaxxer, .reasonmaxxerCollect, .reasonmaxxerCritic]
      ),
    ]
    return parts.compactMap { name, stages in
      let works = stages.compactMap { results[$0]?.work }
      guard works.count == stages.count else { return nil }
      return .init(name: name, work: works.reduce(StudyWork(), +))
    }
  }

  /// The approximate number of model calls that a stage still needs, without answers that are known to be shared.
  package func callsLeft(_ stage: StudyStage, after results: Results) -> Int {
    guard results[stage] == nil else { return 0 }
    func all(_ tasks: [AgentTask], _ attempts: Int) -> Int {
      // Calls per attempt as in finished stages, otherwise the step limit.
      let known = results.values.compactMap { result -> Double? in
        guard case .attempts(_, let sample) = result.output else { return nil }
        let count = sample.rows.reduce(0) { $0 + $1.rewards.count }
        return count > 0 ? Double(result.work.calls) / Double(count) : nil
      }
      let length =
        known.max() ?? Double(tasks.reduce(0) { $0 + $1.stepLimit }) / Double(max(tasks.count, 1))
      return Int((length * Double(tasks.count * attempts)).rounded(.up))
    }
    let (train, test, sharpening) = (settings.trainTasks, settings.testTasks, settings.sharpening)
    switch stage {
    case .collect, .reasonmaxxerCollect: return all(train, settings.rollouts)
    case .critic, .reasonmaxxerCritic: return 0
    case .reasonmaxxer:
      let tried = sharpening.thresholds?.count ?? 3
      let looks = Self.looks(sharpening.reasonMaxxer.steps, sharpening.training.evaluateEvery)
      return all(heldOut, sharpening.training.attempts) * (looks + (tried > 1 ? 2 * tried : 0))
    case .grpo:
      let method = sharpening.grpo
      let round = all(Array(train.prefix(method.tasks)), method.group)
      let looks = Self.looks(method.rounds * method.steps, sharpening.training.evaluateEvery)
      return round * method.rounds + all(heldOut, sharpening.training.attempts) * looks
    case .baseAttempts, .reasonmaxxerAttempts, .grpoAttempts: return all(test, settings.attempts)
    // The single particle is one of the stored attempts.
    case .steerBase, .steerReasonmaxxer: return all(test, ladder.reduce(0, +) - 1)
    // The own attempts of the tuned model and the base are stored already, up to `attempts` at each task.
    case .reasonmaxxerTokens, .grpoTokens:
      return all(test, 2 * settings.tokenRollouts + 2 * max(0, settings.tokenRollouts - settings.attempts))
    }
  }

  /// The number of evaluations: one at the start and one after every `every` steps.
  private static func looks(_ steps: Int, _ every: Int) -> Int { 1 + (steps + every - 1) / max(every, 1) }
}
