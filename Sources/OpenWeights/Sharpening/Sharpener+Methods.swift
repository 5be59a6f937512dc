import Agents
import Foundation
import Tensors

extension Sharpener {
  /// Learns from stored rollouts at the tokens where the frozen model's entropy is high.
  package func maximise(_ lessons: [Lesson], _ method: ReasonMaxxer, folder: String) async throws -> Outcome {
    let ordered = method.order(lessons)
    guard !ordered.isEmpty else {
      throw ModelError(
        "No rollout has a token above \(method.threshold) nats of entropy: lower the threshold, or collect at a higher temperature."
      )
    }
    // The number of steps is not part of the identity, so that a training can be resumed with more steps.
    var endless = method
    endless.steps = 0
    return try await train(
      steps: method.steps, folder: folder, identity: try identity("reasonmaxxer", endless, ordered.map(\.rollout)),
      saveEvery: 10
    ) { [self] step in
      let batch = Self.batch(ordered, at: step, size: method.batch)
      let counts = ReasonMaxxer.Counts(batch, threshold: method.threshold)
      var learned = Batch()
      for part in Self.parts(batch, tokens: \.rollout.length, most: settings.tokensPerPass) {
        let (loss, gradients) = try method.gradient(
          of: part, counts: counts, trainer: trainer, temperature: temperature)
        learned.loss += loss
        learned.parts.append(gradients)
        learned.tokens += part.reduce(0) { $0 + $1.rollout.length }
      }
      return (learned, Spent())
    }
  }

  /// Imitates successful rollouts: mean cross-entropy over drawn tokens.
  package func imitate(_ rollouts: [RolloutTokens], _ method: Imitation, folder: String) async throws -> Outcome {
    guard !rollouts.isEmpty else { throw ModelError("There is no successful rollout to imitate.") }
    var generator = Seed(settings.seed).split("imitation").generator()
    let ordered = generator.drawn(rollouts.count, from: rollouts)
    var endless = method
    endless.steps = 0
    return try await train(
      steps: method.steps, folder: folder, identity: try identity("imitation", endless, ordered), saveEvery: 10
    ) { [self] step in
      let batch = Self.batch(ordered, at: step, size: method.batch)
      let drawn = Float(batch.reduce(0) { $0 + $1.drawn })
      var learned = Batch()
      for part in Self.parts(batch, tokens: \.length, most: settings.tokensPerPass) {
        let sequences = part.flatMap(\.sequences)
        let targets = sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } }
        let (loss, gradients) = try trainer.gradient(of: sequences) { logProbabilities, rows throws(TensorError) in
          try logProbabilities.picking(Tensor(Array(targets[rows]))).sum() * (-1 / drawn)
        }
        learned.loss += loss
        learned.parts.append(gradients)
        learned.tokens += part.reduce(0) { $0 + $1.length }
      }
      return (learned, Spent())
    }
  }

  /// Learns from the model's own attempts, round by round.
  package func optimise(
    _ tasks: [AgentTask], world: any World, _ method: GroupRelativePolicy, folder: String
  ) async throws -> Outcome {
    guard !tasks.isEmpty else { throw ModelError("There are no tasks to learn from.") }
    var round: [GroupRelativePolicy.Attempt] = []
    var isBegun = false
    var endless = method
    endless.rounds = 0
    let identity = try identity("grpo", endless, tasks.map(\.id))
    // A round is saved as a whole. If it was interrupted, it starts again from its stored attempts.
    return try await train(
      steps: method.rounds * method.steps, folder: folder, identity: identity, saveEvery: method.steps,
      whole: method.steps
    ) { [self] step in
      var spent = Spent()
      if step % method.steps == 0 || !isBegun {
        (round, spent) = try await attempts(
          method, round: step / method.steps, tasks: tasks, world: world, folder: folder)
        isBegun = true
      }
      let drawn = round.reduce(0) { $0 + $1.rollout.drawn }
      var learned = Batch()
      // If all attempts end alike there is nothing to learn, and the step is skipped.
      learned.isSilent = round.isEmpty
      for part in Self.parts(round, tokens: \.rollout.length, most: settings.tokensPerPass) {
        let (loss, gradients) = try method.gradient(
          of: part, tokens: drawn, trainer: trainer, temperature: temperature)
        learned.loss += loss
        learned.parts.append(gradients)
        learned.tokens += part.reduce(0) { $0 + $1.rollout.length }
      }
      return (learned, spent)
    }
  }

  /// The attempts at the tasks of one round, with their advantages. Tasks whose attempts all have equal rewards are
  /// left out.
  private func attempts(
    _ method: GroupRelativePolicy, round: Int, tasks: [AgentTask], world: any World, folder: String
  ) async throws -> ([GroupRelativePolicy.Attempt], Spent) {
    let chosen = Self.batch(tasks, at: round, size: method.tasks)
    var present = base.with(trainer.adapter, named: "\(base.name)+\(try trainer.adapter.identity())")
    let drawn = try TrainingFolder(path: folder).drawn(round: round)
    present.drawn = drawn
    let (trajectories, spent) = try await attempts(chosen, method.group, present)
    guard trajectories.joined().contains(where: { $0.map { $0.count > 0 } ?? false }) else {
      throw ModelError("No attempt of a round produced an answer. Run cox collect to see why.")
    }
    var rollouts: [(RolloutTokens, Double)] = []
    for group in trajectories.map({ $0.compactMap(\.self) }) {
      let advantages = ProblemSelection.advantages(group.map(\.reward), limit: method.advantageLimit)
      for (trajectory, advantage) in zip(group, advantages) where advantage != 0 {
        rollouts.append((try RolloutTokens(trajectory, of: world, encoder: encoder, drawn: drawn), advantage))
      }
    }
    rollouts.removeAll { $0.0.drawn == 0 }
    let frozen = try await logProbabilities(rollouts.map(\.0), adapter: base.adapter)
    // The log-probabilities are known from drawing, except for stored answers whose tokens were not recorded.
    let unknown = rollouts.indices.filter { rollouts[$0].0.drawnLogProbabilities == nil }
    let scored = try await logProbabilities(unknown.map { rollouts[$0].0 }, adapter: trainer.adapter)
    let old = Dictionary(uniqueKeysWithValues: zip(unknown, scored))
    return (
      rollouts.enumerated().map { place, entry in
        GroupRelativePolicy.Attempt(
          rollout: entry.0, advantage: entry.1, old: entry.0.drawnLogProbabilities ?? old[place] ?? [],
          frozen: frozen[place])
      }, spent
    )
  }

  /// The log-probabilities of each rollout's drawn tokens, sequence after sequence.
  private func logProbabilities(_ rollouts: [RolloutTokens], adapter: AdapterWeights?) async throws -> [[Float]] {
    let figures = try await Scorer(model: base.model, adapter: adapter, temperature: temperature)
      .figures(of: rollouts.flatMap(\.sequences))
    var next = 0
    return rollouts.map { rollout in
      defer { next += rollout.sequences.count }
      return figures[next..<next + rollout.sequences.count].flatMap { $0.map(\.logProbability) }
    }
  }

  /// The items of a step. The list is repeated from the beginning as needed.
  nonisolated static func batch<T>(_ items: [T], at step: Int, size: Int) -> [T] {
    let size = max(1, min(size, items.count))
    return (0..<size).map { items[(step * size + $0) % items.count] }
  }

  /// A digest of everything that determines a training.
  private func identity(_ name: String, _ method: some Encodable, _ material: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var digest = Digest()
    digest.add(name, base.name, String(temperature))
    digest.add(String(decoding: try encoder.encode(settings), as: UTF8.self))
    digest.add(String(decoding: try encoder.encode(method), as: UTF8.self))
    digest.add(String(decoding: try encoder.encode(material), as: UTF8.self))
    digest.add(heldOut.tasks.map(\.id.rawValue).joined(separator: " "))
    return digest.text
  }
}

/// Teaches a model the format of a world's answers, by examples with the full reward.
package struct Imitation: Sendable, Hashable, Codable {
  package var steps = 100
  /// Rollouts of one optimiser step.
  package var batch = 8

  package init() {}
}
