import Agents

/// Steering a frozen model against training it, on one machine and on the same tasks: the JSON of `cox study`. What was not run
/// yet is absent.
public struct StudyFindings: Sendable, Codable {
  /// One model, by independent attempts.
  public struct Model: Sendable, Codable {
    /// `base`, `reasonmaxxer` or `grpo`.
    public let name: String
    /// The policy's identity.
    public let policy: String
    public let sample: AttemptSample
    public let reward: MeanEstimate
    /// The share of attempts that earn all there is.
    public let passRate: MeanEstimate
    /// To the base, paired over tasks; absent for itself.
    public let rewardDifference: PairedEstimate?
    public let passDifference: PairedEstimate?
    /// The best of N, and pass@k, unbiased.
    public let bestOf: [AttemptSample.Point]
    public let passAtK: [AttemptSample.Point]
    public let callsPerAttempt: Double
    public let tokensPerAttempt: Double
    public let work: StudyWork

    /// - Parameters:
    ///   - most: the largest N of the best of N.
    ///   - pass: the reward from which an attempt passes.
    public init(
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
  public struct Steered: Sendable, Codable {
    /// The model that is steered: `base` or `reasonmaxxer`.
    public let model: String
    public let particles: Int
    public let resample: String
    public let temperature: Double
    public let tasks: Int
    public let best: MeanEstimate
    public let weighted: MeanEstimate
    public let selected: MeanEstimate
    /// `critic` or `chance`.
    public let selectedBy: String
    /// To a single attempt of the base, paired over tasks; absent where it was not measured.
    public var bestDifference: PairedEstimate?
    public var weightedDifference: PairedEstimate?
    public var selectedDifference: PairedEstimate?
    public let callsPerTask: Double
    public let tokensPerTask: Double
    public let work: StudyWork
    /// Of each task, in order.
    public let rows: [Row]

    public struct Row: Sendable, Hashable, Codable {
      public let task: TaskID
      public let best: Double
      public let weighted: Double
      public let selected: Double

      public init(task: TaskID, best: Double, weighted: Double, selected: Double) {
        self.task = task
        self.best = best
        self.weighted = weighted
        self.selected = selected
      }
    }

    public init(_ summary: MethodSummary, of model: String, work: StudyWork) {
      self.init(
        model: model, particles: summary.particles, resample: summary.resample, temperature: summary.temperature,
        selectedBy: summary.rewardSelected.by,
        // Tasks of which every attempt failed have no reward.
        rows: summary.perTask.compactMap { row in
          guard let best = row.rewardBest, let weighted = row.rewardWeighted, let selected = row.rewardSelected
          else { return nil }
          return Row(task: row.task, best: best, weighted: weighted, selected: selected)
        }, work: work)
    }

    public init(
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

    /// The same with what it took as it was measured.
    public func taking(_ work: StudyWork) -> Self {
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

    /// Of each task.
    func rewards(_ figure: (Row) -> Double) -> [TaskID: Double] {
      Dictionary(rows.map { ($0.task, figure($0)) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// With how many particles one figure of a steered model reaches a single attempt of GRPO's.
  public struct Reached: Sendable, Codable {
    public let model: String
    /// `weighted`, `selected` or `best`.
    public let figure: String
    public let crossing: Crossing
  }

  /// What something took once, before any task is attempted.
  public struct Preparation: Sendable, Codable {
    /// `critic`, `reasonmaxxer`, `grpo` or `reasonmaxxer critic`.
    public let name: String
    /// Collecting the rollouts it is made from included.
    public let work: StudyWork

    public init(name: String, work: StudyWork) {
      self.name = name
      self.work = work
    }
  }

  /// How an adapter came about.
  public struct Training: Sendable, Hashable, Codable {
    /// `reasonmaxxer` or `grpo`.
    public let name: String
    /// Its folder.
    public let adapter: String
    public let steps: Int
    /// The step whose adapter did best on held-out tasks; 0 is the untrained one.
    public let kept: Int
    /// How many tasks that was told by; where there were none, the last step is kept.
    public let heldOut: Int
    /// τ in nats; absent where there is none.
    public let threshold: Double?

    public init(name: String, adapter: String, steps: Int, kept: Int, heldOut: Int, threshold: Double?) {
      self.name = name
      self.adapter = adapter
      self.steps = steps
      self.kept = kept
      self.heldOut = heldOut
      self.threshold = threshold
    }
  }

  public let environment: WorldIdentity
  public let policy: String
  /// The reward from which an attempt passes.
  public let pass: Double
  public let models: [Model]
  public let trainings: [Training]
  public let steered: [Steered]
  public let preparations: [Preparation]
  public let tokens: [TokenFindings]
  /// ReasonMaxxer's share of GRPO's gain in reward.
  public let share: GainShare?
  /// ReasonMaxxer's work over GRPO's: tokens worked through, and processor seconds.
  public let tokenRatio: Double?
  public let processorRatio: Double?
  public let reached: [Reached]
  /// Parts that were not run yet, by name.
  public let missing: [String]

  /// Derives what follows from the parts.
  ///
  /// - Parameter models: the base first, where it is there.
  public init(
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

  /// A preparation's model calls and everything else it took, or nothing where it is not there.
  public func preparation(_ name: String) -> StudyWork? { preparations.first { $0.name == name }?.work }
}
