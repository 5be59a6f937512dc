import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// The selection of rollouts, and the losses compared with plain arithmetic.
@Suite(.modelsInProcess) struct SharpeningTests {
  static func rollout(_ task: String, _ reward: Double, drawn: Int = 5) -> RolloutTokens {
    RolloutTokens(
      task: TaskID(task), reward: reward,
      sequences: [TokenSequence(prompt: [1], answer: [Int32](repeating: 2, count: drawn))])
  }

  @Test func advantagesAreStandardised() {
    let values = ProblemSelection.advantages([1, 0, 0, 0])
    let root = Double(3).squareRoot()
    #expect(zip(values, [root, -1 / root, -1 / root, -1 / root]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(ProblemSelection.advantages([0.3, 0.3]) == [0, 0] && ProblemSelection.advantages([]) == [])
    // The unclipped value is (1 − 1/100)/√(0.01·0.99) = 9.95.
    #expect(ProblemSelection.advantages([1] + [Double](repeating: 0, count: 99))[0] == 2.5)
    #expect(ProblemSelection.advantages([0] + [Double](repeating: 1, count: 99), limit: 4)[0] == -4)
  }

  @Test func problemsNearestToAHalfAreTaken() {
    var rollouts: [RolloutTokens] = []
    for (task, passes) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 0), ("f", 2)] {
      rollouts += (0..<4).map { Self.rollout(task, $0 < passes ? 1 : 0) }
    }
    rollouts.append(Self.rollout("g", 1))
    let all = ProblemSelection(rollouts, pass: 1, problems: 50, trim: 0)
    #expect(all.problems.map(\.task) == ["b", "f", "a", "c"])
    #expect(all.problems.map(\.passRate) == [0.5, 0.5, 0.25, 0.75])
    #expect(all.tooEasy == 1 && all.tooHard == 1 && all.tooFew == 1 && all.notNeeded == 0 && all.trimmed == 0)
    let few = ProblemSelection(rollouts, pass: 1, problems: 3, trim: 0)
    #expect(few.problems.map(\.task) == ["b", "f", "a"] && few.notNeeded == 1)
    #expect(ProblemSelection([], pass: 1, problems: 3, trim: 0.2).problems.isEmpty)
  }

  @Test(arguments: [(5, 4), (10, 8), (20, 16), (15, 12), (50, 40)]) func theLongestFifthIsLeftOut(
    count: Int, left: Int
  ) {
    let rollouts = (0..<count).map { Self.rollout("a", Double($0 % 2), drawn: 1 + ($0 * 7) % count) }
    let selection = ProblemSelection(rollouts, pass: 1, problems: 1, trim: 0.2)
    let lengths = selection.problems.flatMap { $0.rollouts.map(\.drawn) }
    #expect(lengths.count == left && (lengths.max() ?? 0) == left && selection.trimmed == count - left)
    // Rollouts of equal length are kept or trimmed together.
    let alike = ProblemSelection(
      (0..<count).map { Self.rollout("a", Double($0 % 2)) }, pass: 1, problems: 1, trim: 0.2)
    #expect(alike.problems.first?.rollouts.count == count && alike.trimmed == 0)
  }

  @Test func theClearestComeFirst() {
    func lesson(_ advantage: Double, _ entropies: [Float]) -> Lesson {
      let figures = entropies.map { TokenFigures(logProbability: -1, entropy: $0, best: []) }
      return Lesson(rollout: Self.rollout("a", 1, drawn: entropies.count), advantage: advantage, figures: [figures])
    }
    var method = ReasonMaxxer()
    method.threshold = 1
    let lessons = [
      lesson(0.5, [2, 0, 0, 0]), lesson(-2, [2, 2, 0, 0]), lesson(0, [2, 2, 2, 2]), lesson(2, [0, 0.9, 1, 0]),
      lesson(1, [2, 2, 0, 0]), lesson(-1, [2, 0, 3, 0]),
    ]
    #expect(lessons.map { $0.clarity(above: 1) } == [0.125, 1, 0, 0, 0.5, 0.5])
    // Positive and negative advantages alternate.
    #expect(method.order(lessons).map(\.advantage) == [1, -2, 0.5, -1])
    #expect(method.order(lessons.filter { $0.advantage < 0 }).map(\.advantage) == [-2, -1])
    let counts = ReasonMaxxer.Counts(lessons, threshold: 1)
    #expect(counts.decisions == 11 && counts.others == 13)
  }

  /// Lessons with several sequences, restricted and free, with decisions and other tokens.
  @TensorActor static func lessons(_ model: LoadedModel) throws -> [Lesson] {
    try (0..<3).map { number in
      let sequences = (0..<2).map { part in
        TokenSequence(
          prompt: TinyModel.text(6, seed: 70), answer: TinyModel.text(5, seed: UInt64(80 + 2 * number + part)))
      }
      let confined = sequences.map { sequence in
        number == 1
          ? TokenSequence(
            tokens: sequence.tokens, drawn: sequence.drawn,
            allowed: sequence.drawn.map { Array(Set([sequence.tokens[$0], 4, 9])).sorted() }) : sequence
      }
      let figures = try confined.map { try Scorer(model: model.model).figures(ofBatch: [$0], top: 0) }
      return Lesson(
        rollout: RolloutTokens(task: "a", reward: 0, sequences: confined), advantage: [1.5, -0.5, -0.25][number],
        figures: figures)
    }
  }

  @TensorActor @Test(arguments: [1.0, 0.8]) func theLossOfReasonMaxxerIsItsFormula(temperature: Double) throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    let lessons = try Self.lessons(tiny)
    var method = ReasonMaxxer()
    method.threshold = 2.5
    method.anchor = 0.3
    method.bound = 0.05
    let trainer = try TrainerTests.trainer(tiny, adapter, checkpointing: true)
    let counts = ReasonMaxxer.Counts(lessons, threshold: method.threshold)
    var (pull, hold, decisions, others) = (0.0, 0.0, 0, 0)
    var bounded = 0
    let shares = { logProbabilities($0, temperature: $1, allowed: $2) }
    for lesson in lessons {
      for (sequence, (entropies, logProbabilities)) in zip(
        lesson.rollout.sequences, zip(lesson.entropies, lesson.logProbabilities))
      {
        let (new, old) = (try tiny.logits(sequence.tokens, adapter: adapter), try tiny.logits(sequence.tokens))
        for (number, place) in sequence.drawn.enumerated() {
          let p = shares(new[place - 1], temperature, sequence.lists[number])
          let q = shares(old[place - 1], temperature, sequence.lists[number])
          if Double(entropies[number]) > 2.5 {
            decisions += 1
            let floor = lesson.advantage < 0 ? Double(logProbabilities[number]) - 0.05 : -.infinity
            if (p[sequence.tokens[place]] ?? 0) < floor { bounded += 1 }
            pull -= lesson.advantage * max(p[sequence.tokens[place]] ?? 0, floor)
          } else {
            others += 1
            hold += q.reduce(0) { $0 + exp($1.value) * ($1.value - (p[$1.key] ?? 0)) }
          }
        }
      }
    }
    #expect(decisions > 5 && others > 5)
    // Only negative advantages have a floor, and some tokens have reached it.
    #expect(bounded > 0)
    #expect(counts.decisions == Double(decisions) && counts.others == Double(others))
    let expected = pull / Double(decisions) + 0.3 * hold / Double(others)
    let whole = try method.gradient(of: lessons, counts: counts, trainer: trainer, temperature: temperature)
    #expect(abs(whole.loss - expected) < 1e-4)
    // The losses of parts of a batch sum to the batch's loss.
    let parts = try lessons.map {
      try method.gradient(of: [$0], counts: counts, trainer: trainer, temperature: temperature).loss
    }
    #expect(abs(parts.reduce(0, +) - expected) < 1e-4)
    method.anchor = 0
    let free = try method.gradient(of: lessons, counts: counts, trainer: trainer, temperature: temperature)
    #expect(abs(free.loss - pull / Double(decisions)) < 1e-4 && hold > 0.1)
  }

  @TensorActor @Test(arguments: [1.0, 0.8]) func theLossOfGRPOIsItsFormula(temperature: Double) throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    let trainer = try TrainerTests.trainer(tiny, adapter)
    var method = GroupRelativePolicy()
    method.divergence = 0.1
    var generator = Seed(90).generator()
    let present = Scorer(model: tiny.model, adapter: adapter, temperature: temperature)
    let attempts = try Self.lessons(tiny).map { lesson in
      let frozen = try Scorer(model: tiny.model, temperature: temperature)
        .figures(ofBatch: lesson.rollout.sequences, top: 0).map(\.logProbability)
      // The old log-probabilities vary around the present ones, so that ratios are clipped on both sides.
      let old = try present.figures(ofBatch: lesson.rollout.sequences, top: 0)
        .map { $0.logProbability + Float(generator.normal()) * 0.3 }
      return GroupRelativePolicy.Attempt(
        rollout: lesson.rollout, advantage: lesson.advantage, old: old, frozen: frozen)
    }
    var (sum, count, clipped) = (0.0, 0, 0)
    for attempt in attempts {
      let new = try present.figures(ofBatch: attempt.rollout.sequences, top: 0).map { Double($0.logProbability) }
      for (place, p) in new.enumerated() {
        let ratio = exp(p - Double(attempt.old[place]))
        let bounded = min(1.2, max(0.8, ratio))
        if bounded != ratio { clipped += 1 }
        let away = Double(attempt.frozen[place]) - p
        sum += 0.1 * (exp(away) - away - 1) - min(ratio * attempt.advantage, bounded * attempt.advantage)
        count += 1
      }
    }
    #expect(clipped > 5 && count - clipped > 5)
    let whole = try method.gradient(of: attempts, tokens: count, trainer: trainer, temperature: temperature)
    #expect(abs(whole.loss - sum / Double(count)) < 2e-4 * max(1, abs(sum / Double(count))))
    let parts = try attempts.map {
      try method.gradient(of: [$0], tokens: count, trainer: trainer, temperature: temperature).loss
    }
    #expect(abs(parts.reduce(0, +) - whole.loss) < 1e-4 * max(1, abs(whole.loss)))
  }
}
