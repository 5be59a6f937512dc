#if OpenWeights
  import Agents
  import Tensors

  /// ReasonMaxxer (arXiv 2605.06241): a low-rank adapter learns from stored rollouts at the few tokens where the frozen model was
  /// undecided, and is held to the frozen model everywhere else.
  package struct ReasonMaxxer: Sendable, Hashable, Codable {
    /// Tasks to learn from, at most.
    package var problems = 50
    /// The share of rollouts, the longest, that is left out.
    package var trim = 0.2
    /// τ: a token is a decision where the frozen model's entropy is above it, in nats.
    package var threshold = 1.4
    /// The weight of KL(frozen‖adapted) at the tokens that are no decisions.
    package var anchor = 0.2
    /// How far below the frozen model's a token's log-probability is pushed, in nats. Cross-entropy with a negative weight has
    /// no bottom of its own, and a small model falls for ever.
    package var bound = 2.0
    package var steps = 150
    /// Rollouts of one optimiser step.
    package var batch = 8

    package init() {}

    /// The rollouts in the order they are learned from: the clearest first, those without a decision or an advantage not at all.
    /// Better and worse ones take turns: the clearest are the rare outcomes of easy and of hard tasks, and a batch of only worse
    /// ones says what not to do and nothing else.
    package func order(_ lessons: [Lesson]) -> [Lesson] {
      let ordered = lessons.enumerated().map {
        (place: $0.offset, lesson: $0.element, clarity: $0.element.clarity(above: threshold))
      }
      .filter { $0.clarity > 0 }
      .sorted { ($1.clarity, $0.place) < ($0.clarity, $1.place) }
      .map(\.lesson)
      let (better, worse) = (ordered.filter { $0.advantage > 0 }, ordered.filter { $0.advantage < 0 })
      var turns: [Lesson] = []
      for place in 0..<max(better.count, worse.count) {
        if place < better.count { turns.append(better[place]) }
        if place < worse.count { turns.append(worse[place]) }
      }
      return turns
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

    /// Of a part of a batch: −Σ advantage · log p(token) over decisions / their number in the batch, where what is pushed down
    /// counts no further than ``bound`` below the frozen model, and anchor · the mean over
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
      let floors = lessons.flatMap { lesson in
        lesson.logProbabilities.flatMap { $0.map { lesson.advantage < 0 ? $0 - Float(bound) : -1e9 } }
      }
      let holds = isDecision.map { Float($0 ? 0 : anchor / counts.others) }
      let frozen = anchor > 0 ? try trainer.frozenLogProbabilities(of: sequences, temperature: temperature) : nil
      return try trainer.gradient(of: sequences, temperature: temperature) {
        logProbabilities, rows throws(TensorError) in
        let picked = try logProbabilities.picking(Tensor(Array(targets[rows])))
        let bounded = try picked.maximum(Tensor(Array(floors[rows])))
        let pull = try (bounded * Tensor(Array(pulls[rows]))).sum()
        guard let base = try frozen?(rows) else { return pull }
        let divergence = try (base.exponential() * (base - logProbabilities)).sum(axis: 1)
        return try pull + (divergence * Tensor(Array(holds[rows]))).sum()
      }
    }
  }
#endif
