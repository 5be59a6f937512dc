#if OpenWeights
  import Agents
  import Tensors

  /// ReasonMaxxer (arXiv 2605.06241): a low-rank adapter learns from stored rollouts at the few tokens where the frozen model was
  /// undecided, and is held to the frozen model everywhere else.
  public struct ReasonMaxxer: Sendable, Hashable, Codable {
    /// Tasks to learn from, at most.
    public var problems = 50
    /// The share of rollouts, the longest, that is left out.
    public var trim = 0.2
    /// τ: a token is a decision where the frozen model's entropy is above it, in nats.
    public var threshold = 1.4
    /// The weight of KL(frozen‖adapted) at the tokens that are no decisions.
    public var anchor = 0.2
    public var steps = 150
    /// Rollouts of one optimiser step.
    public var batch = 8

    public init() {}

    /// The rollouts in the order they are learned from: the clearest first, those without a decision or an advantage not at all.
    public func order(_ lessons: [Lesson]) -> [Lesson] {
      lessons.enumerated().filter { $0.element.clarity(above: threshold) > 0 }
        .sorted { a, b in
          let (x, y) = (a.element.clarity(above: threshold), b.element.clarity(above: threshold))
          return x != y ? x > y : a.offset < b.offset
        }.map(\.element)
    }

    /// What a batch's loss is divided by: so that parts of a batch add up to it.
    struct Counts: Sendable {
      let decisions, others: Double

      init(_ lessons: [Lesson], threshold: Double) {
        let decided = lessons.reduce(0) { $0 + $1.decisions(above: threshold) }
        decisions = Double(max(decided, 1))
        others = Double(max(lessons.reduce(0) { $0 + $1.rollout.drawn } - decided, 1))
      }
    }

    /// Of a part of a batch: −Σ advantage · log p(token) over decisions / their number in the batch, and anchor · the mean over
    /// the batch's other tokens of KL(frozen‖adapted) = Σ p₀ (log p₀ − log p).
    @TensorActor
    func gradient(
      of lessons: [Lesson], counts: Counts, trainer: AdapterTrainer, temperature: Double
    ) throws -> (loss: Double, gradients: [Tensor<Float>]) {
      let sequences = lessons.flatMap(\.rollout.sequences)
      let entropies = lessons.flatMap { $0.entropies.flatMap { $0 } }
      let advantages = lessons.flatMap { Array(repeating: $0.advantage, count: $0.rollout.drawn) }
      let targets = sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } }
      let isDecision = entropies.map { Double($0) > threshold }
      let pulls = zip(advantages, isDecision).map { Float($1 ? -$0 / counts.decisions : 0) }
      let holds = isDecision.map { Float($0 ? 0 : anchor / counts.others) }
      let frozen = anchor > 0 ? try trainer.frozenLogProbabilities(of: sequences, temperature: temperature) : [:]
      return try trainer.gradient(of: sequences, temperature: temperature) {
        logProbabilities, rows throws(TensorError) in
        let picked = try logProbabilities.picking(Tensor(Array(targets[rows])))
        let pull = try (picked * Tensor(Array(pulls[rows]))).sum()
        guard let base = frozen[rows] else { return pull }
        let divergence = try (base.exponential() * (base - logProbabilities)).sum(axis: 1)
        return try pull + (divergence * Tensor(Array(holds[rows]))).sum()
      }
    }
  }
#endif
