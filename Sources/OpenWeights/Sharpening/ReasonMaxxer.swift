import Agents
import Tensors

/// ReasonMaxxer (arXiv 2605.06241). A low-rank adapter learns from stored rollouts at the few tokens where the frozen
/// model's entropy is high. At all other tokens it is kept close to the frozen model.
package struct ReasonMaxxer: Sendable, Hashable, Codable {
  /// The most tasks to learn from.
  package var problems = 50
  /// The share of rollouts that is left out as the longest.
  package var trim = 0.2
  /// τ: a token counts as a decision if the frozen model's entropy exceeds τ, in nats.
  package var threshold = 1.4
  /// The weight of KL(frozen‖adapted) at tokens that are not decisions.
  package var anchor = 0.2
  /// How far a token's log-probability may be pushed below the frozen model's, in nats. Cross-entropy with a negative
  /// weight is unbounded below, and small models would diverge without this limit.
  package var bound = 2.0
  package var steps = 150
  /// Rollouts of one optimiser step.
  package var batch = 8

  package init() {}

  /// The rollouts in training order, the clearest first. Rollouts without a decision or with advantage zero are left
  /// out. Positive and negative advantages alternate: the clearest rollouts are rare outcomes of easy and hard tasks,
  /// and a batch of negative ones alone would only say what to avoid.
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

  /// The divisors of a batch's loss, so that the losses of its parts add up to it.
  struct Counts: Sendable {
    let decisions, others: Double

    init(_ lessons: [Lesson], threshold: Double) {
      let decided = lessons.reduce(0) { $0 + $1.decisions(above: threshold) }
      decisions = Double(max(decided, 1))
      others = Double(max(lessons.reduce(0) { $0 + $1.rollout.drawn } - decided, 1))
    }
  }

  /// The loss and gradient of a part of a batch. The first term is −Σ advantage · log p(token) over decisions,
  /// divided by the batch's number of decisions. Log-probabilities that are pushed down are bounded at ``bound``
  /// below the frozen model's. The second term is anchor · the mean over the batch's other tokens of
  /// KL(frozen‖adapted) = Σ p₀ (log p₀ − log p).
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
