import Agents

/// Steering a frozen model compared with training it, on one machine and the same tasks: the JSON of `cox study`. Parts
/// that have not run yet are absent.
package struct StudyFindings: Sendable, Codable {
  /// The independent attempts of one model.
  package struct Model: Sendable, Codable {
    /// `base`, `reasonmaxxer` or `grpo`.
    package let name: String
    /// The policy's identity.
    package let policy: String
    package let sample: AttemptSample
    package let reward: MeanEstimate
    /// The share of attempts with the maximal reward.
    package let passRate: MeanEstimate
    /// The difference from the base, paired over tasks; absent for the base itself.
    package let rewardDifference: PairedEstimate?
    package let passDifference: PairedEstimate?
    /// The unbiased best of N and pass@k.
    package let bestOf: [AttemptSample.Point]
    package let passAtK: [AttemptSample.Point]
    package let callsPerAttempt: Double
    package let tokensPerAttempt: Double
    package let work: StudyWork

    /// - Parameters:
    ///   - most: the largest N.
    ///   - pass: the reward from which an attempt passes.
    package init(
      name: String, policy: String, sample: AttemptSample, base: AttemptSample?, most: Int, pass: Double,
      work: StudyWork
    ) {
      self.name = name
      self.policy = policy
      self.sample = sample
      reward = sample.reward
      passRate = sample.passRate(pass)
      rewardDifference = base.map { sample.difference(from: $0) }
      passDifference = base.map { sample.passDifference(from: $0, pass) }
      bestOf = sample.bestOf(upTo: most)
      passAtK = sample.passAtK(pass)
      let count = Double(max(sample.rows.reduce(0) { $0 + $1.rewards.count }, 1))
      callsPerAttempt = Double(work.calls) / count
      tokensPerAttempt = Double(work.policyTokens) / count
      self.work = work
    }
  }

  /// A steered population of one size.
  package struct Steered: Sendable, Codable {
    /// The steered model: `base` or `reasonmaxxer`.
    package let model: String
    package let particles: Int
    package let resample: String
    package let temperature: Double
    package let tasks: Int
    package let best: MeanEstimate
    package let weighted: MeanEstimate
    package let selected: MeanEstimate
    /// `critic` or `chance`.
    package let selectedBy: String
    /// The difference from a single attempt of the base, paired over tasks; absent if it was not measured.
    package var bestDifference: PairedEstimate?
    package var weightedDifference: PairedEstimate?
    package var selectedDifference: PairedEstimate?
    package let callsPerTask: Double
    package let tokensPerTask: Double
    package let work: StudyWork
    /// One row for each task, in order.
    package let rows: [Row]

    package struct Row: Sendable, Hashable, Codable {
      package let task: TaskID
      package let best: Double
      package let weighted: Double
      package let selected: Double

      package init(task: TaskID, best: Double, weighted: Double, selected: Double) {
        self.task = task
        self.best = best
        self.weighted = weighted
        self.selected = selected
      }
    }

    package init(_ summary: MethodSummary, of model: String, work: StudyWork) {
      self.init(
        model: model, particles: summary.particles, resample: summary.resample, temperature: summary.temperature,
        selectedBy: summary.rewardSelected.by,
        // A task on which every attempt failed has no reward.
        rows: summary.perTask.compactMap { row in
          guard let best = row.rewardBest, let weighted = row.rewardWeighted, let selected = row.rewardSelected
          else { return nil }
          return Row(task: row.task, best: best, weighted: weighted, selected: selected)
        }, work: work)
    }

    package init(
      model: String, particles: Int, resample: String, temperature: Double, selectedBy: String, rows: [Row],
      work: StudyWork
    ) {
      self.model = model
      self.particles = particles
      self.resample = resample
      self.temperature = temperature
      self.selectedBy = selectedBy
      self.rows = rows
      self.work = work
      tasks = rows.count
      best = MeanEstimate(rows.map(\.best))
      weighted = MeanEstimate(rows.map(\.weighted))
      selected = MeanEstimate(rows.map(\.selected))
      callsPerTask = Double(work.calls) / Double(max(rows.count, 1))
      tokensPerTask = Double(work.policyTokens) / Double(max(rows.count, 1))
    }

    /// A copy with the measured cost.
    package func taking(_ work: StudyWork) -> Self {
      Self(
        model: model, particles: particles, resample: resample, temperature: temperature, selectedBy: selectedBy,
        rows: rows, work: work)
    }

    func compared(with base: AttemptSample?) -> Self {
      guard let base else { return self }
      var compared = self
      compared.bestDifference = PairedEstimate(rewards(\.best), minus: base.means)
      compared.weightedDifference = PairedEstimate(rewards(\.weighted), minus: base.means)
      compared.selectedDifference = PairedEstimate(rewards(\.selected), minus: base.means)
      return compared
    }

    /// One figure of each task.
    func rewards(_ figure: (Row) -> Double) -> [TaskID: Double] {
      Dictionary(rows.map { ($0.task, figure($0)) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// The number of particles with which one figure of a steered model reaches a single attempt of GRPO.
  package struct Reached: Sendable, Codable {
    package let model: String
    /// `weighted`, `selected` or `best`.
    package let figure: String
    package let crossing: Crossing
  }

  /// The one-time cost of a preparation, before any task is attempted.
  package struct Preparation: Sendable, Codable {
    /// `critic`, `reasonmaxxer`, `grpo` or `reasonmaxxer critic`.
    package let name: String
    /// The cost, including that of collecting the rollouts it uses.
    package let work: StudyWork

    package init(name: String, work: StudyWork) {
      self.name = name
      self.work = work
    }
  }

  /// How an adapter was trained.
  package struct Training: Sendable, Hashable, Codable {
    /// `reasonmaxxer` or `grpo`.
    package let name: String
    /// The adapter's folder.
    package let adapter: String
    package let steps: Int
    /// The step with the best adapter on held-out tasks; 0 is the untrained one.
    package let kept: Int
    /// The number of held-out tasks that decided it. If it is 0, the last step is kept.
    package let heldOut: Int
    /// τ in nats; absent if the method has none.
    package let threshold: Double?

    package init(name: String, adapter: String, steps: Int, kept: Int, heldOut: Int, threshold: Double?) {
      self.name = name
      self.adapter = adapter
      self.steps = steps
      self.kept = kept
      self.heldOut = heldOut
      self.threshold = threshold
    }
  }

  package let environment: WorldIdentity
  package let policy: String
  /// The reward from which an attempt passes.
  package let pass: Double
  package let models: [Model]
  package let trainings: [Training]
  package let steered: [Steered]
  package let preparations: [Preparation]
  package let tokens: [TokenFindings]
  /// ReasonMaxxer's share of GRPO's gain in reward.
  package let share: GainShare?
  /// ReasonMaxxer's work over GRPO's: processed tokens, and processor seconds.
  package let tokenRatio: Double?
  package let processorRatio: Double?
  package let reached: [Reached]
  /// The names of parts that have not run yet.
  package let missing: [String]

  /// Derives the comparisons from the parts.
  ///
  /// - Parameter models: the base first, if it is present.
  package init(
    environment: WorldIdentity, policy: String, pass: Double, models: [Model], trainings: [Training] = [],
    steered: [Steered], preparations: [Preparation], tokens: [TokenFindings], missing: [String], seed: Seed
  ) {
    func sample(_ name: String) -> AttemptSample? { models.first { $0.name == name }?.sample }
    func work(_ name: String) -> StudyWork? { preparations.first { $0.name == name }?.work }
    self.environment = environment
    self.policy = policy
    self.pass = pass
    self.models = models
    self.trainings = trainings
    self.preparations = preparations
    self.tokens = tokens
    self.missing = missing
    self.steered = steered.map { $0.compared(with: sample("base")) }
    share =
      if let base = sample("base"), let tuned = sample("reasonmaxxer"), let oracle = sample("grpo") {
        GainShare(of: tuned.means, reference: oracle.means, base: base.means, seed: seed.split("gain share"))
      } else { nil }
    if let tuned = work("reasonmaxxer"), let oracle = work("grpo") {
      tokenRatio = oracle.tokens > 0 ? Double(tuned.tokens) / Double(oracle.tokens) : nil
      processorRatio = tuned.processorSeconds.flatMap { ours in
        oracle.processorSeconds.flatMap { $0 > 0 ? ours / $0 : nil }
      }
    } else {
      (tokenRatio, processorRatio) = (nil, nil)
    }
    reached =
      sample("grpo").map { target in
        let figures: [(String, (Steered.Row) -> Double)] = [
          ("weighted", \.weighted), ("selected", \.selected), ("best", \.best),
        ]
        return steered.map(\.model).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
          .flatMap { model in
            figures.compactMap { name, figure in
              Crossing(
                steered.filter { $0.model == model }.map { ($0.particles, $0.rewards(figure)) },
                reaching: target.means
              ).map { Reached(model: model, figure: name, crossing: $0) }
            }
          }
      } ?? []
  }

  /// The cost of a preparation; nil if it has not run.
  package func preparation(_ name: String) -> StudyWork? { preparations.first { $0.name == name }?.work }
}
