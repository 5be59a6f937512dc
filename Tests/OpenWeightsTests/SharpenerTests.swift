import Agents
import Foundation
import ModelFiles
import Synchronization
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Whole trainings of a tiny model in a world whose exact expected reward is known, and trainings that are stopped.
@Suite(.modelsInProcess) struct SharpenerTests {
  static var lessonMethod: ReasonMaxxer {
    var method = ReasonMaxxer()
    method.threshold = 0.05
    method.steps = 12
    return method
  }

  static var roundMethod: GroupRelativePolicy {
    var method = GroupRelativePolicy()
    method.tasks = 2
    method.group = 6
    method.rounds = 4
    method.steps = 3
    return method
  }

  @TensorActor @Test func reasonMaxxerMovesTowardsWhatPaid() async throws {
    let model = try Bandit.model()
    let tasks = Bandit().tasks(in: .train)
    let before = try Bandit.expectedReward(model, nil, tasks)
    let lessons = try await Bandit.lessons(model, attempts: 24)
    try await Places.withFolder { folder in
      var method = Self.lessonMethod
      method.steps = 25
      let outcome = try await Bandit.sharpener(model).maximise(lessons, method, folder: folder.path)
      #expect(outcome.log.count == 25 && outcome.best == 25 && outcome.scores.isEmpty)
      let adapter = try AdapterFolder(folder.path).read(for: model.files.configuration)
      #expect(try Bandit.expectedReward(model, adapter, tasks) > before + 0.2)
    }
  }

  @TensorActor @Test func grpoRaisesTheExpectedReward() async throws {
    let model = try Bandit.model()
    let tasks = Bandit().tasks(in: .train)
    let before = try Bandit.expectedReward(model, nil, tasks)
    #expect(before > 0.05 && before < 0.6)
    try await Places.withFolder { folder in
      var method = Self.roundMethod
      method.rounds = 10
      method.steps = 2
      let outcome = try await Bandit.sharpener(model, heldOut: true).optimise(
        tasks, world: Bandit(), method, folder: folder.path)
      let adapter = try AdapterFolder(folder.path).read(for: model.files.configuration)
      #expect(try Bandit.expectedReward(model, adapter, tasks) > before + 0.2)
      #expect(outcome.scores.map(\.step) == [0, 5, 10, 15, 20] && outcome.spent.calls == 10 * 2 * 6)
      // The kept step is the best on the held-out tasks.
      let best = outcome.scores.max { ($0.pass, $0.reward, -$0.step) < ($1.pass, $1.reward, -$1.step) }
      #expect(outcome.best == best?.step)
    }
  }

  @TensorActor @Test func imitationRaisesTheLikelihood() async throws {
    let model = try TinyModel.shared()
    let rollouts = (0..<6).map { number in
      RolloutTokens(
        task: TaskID("\(number)"), reward: 1,
        sequences: [
          TokenSequence(
            prompt: TinyModel.text(6, seed: UInt64(number)), answer: TinyModel.text(4, seed: 99) + [TinyModel.end])
        ])
    }
    func likelihood(_ adapter: AdapterWeights?) async throws -> Double {
      try await Scorer(model: model.model, adapter: adapter).figures(of: rollouts.flatMap(\.sequences))
        .joined().reduce(0) { $0 + Double($1.logProbability) } / 30
    }
    let before = try await likelihood(nil)
    try await Places.withFolder { folder in
      var method = Imitation()
      method.steps = 40
      method.batch = 4
      let outcome = try await Bandit.sharpener(model, rate: 1e-2, change: { $0.tokensPerPass = 25 })
        .imitate(rollouts, method, folder: folder.path)
      let adapter = try AdapterFolder(folder.path).read(for: model.files.configuration)
      let after = try await likelihood(adapter)
      #expect(after > before + 1)
      // The loss is the batch's mean cross-entropy, so the last loss is close to the final cross-entropy.
      #expect(abs((outcome.log.first?.loss ?? 0) + before) < 1.5 && abs((outcome.log.last?.loss ?? 0) + after) < 0.7)
    }
  }

  /// A silent round has no effect: the other rounds learn the same with and without it.
  @TensorActor @Test func aSilentRoundChangesNothingLater() async throws {
    let model = try Bandit.model()
    func adapter(silent: Int?) async throws -> [[Float]] {
      let round = Mutex(0)
      let attempts: Attempts = { tasks, count, model in
        let number = round.withLock { number in
          defer { number += 1 }
          return number
        }
        if number == silent {
          let (whole, spent) = try await Bandit.attempts(tasks, 1, model)
          return (whole.map { Array(repeating: $0[0], count: count) }, spent)
        }
        // Uses the same tasks in every round, so that the other rounds do not depend on the silent one.
        return try await Bandit.attempts(Array(Bandit().tasks(in: .train).prefix(2)), count, model)
      }
      return try await Places.withFolder { folder in
        var method = Self.roundMethod
        method.steps = 1
        method.rounds = silent == nil ? 3 : 4
        let sharpener = try Bandit.sharpener(model, attempts: attempts, change: { $0.optimiser.warmUp = 0 })
        _ = try await sharpener.optimise(Bandit().tasks(in: .train), world: Bandit(), method, folder: folder.path)
        return try sharpener.trainer.adapter.tensors.map { try $0.values() }
      }
    }
    let (plain, silent) = (try await adapter(silent: nil), try await adapter(silent: 1))
    #expect(plain == silent)
  }

  /// Advantages are clipped on request.
  @Test func advantagesAreClippedOnRequest() {
    let rewards = [1.0] + [Double](repeating: 0, count: 15)
    #expect(abs(ProblemSelection.advantages(rewards, limit: nil)[0] - Double(15).squareRoot()) < 1e-12)
    #expect(ProblemSelection.advantages(rewards, limit: 2)[0] == 2)
    #expect(GroupRelativePolicy().advantageLimit == nil)
  }

  /// Trains for a few steps and stops at each of `stops`. Each stop is followed by a new start.
  @TensorActor
  private func train(
    _ folder: URL, stops: [Int], fails: Bool = false,
    _ run: @escaping @TensorActor (Sharpener) async throws -> Sharpener.Outcome
  ) async throws -> (adapter: [[Float]], scores: [Int], best: Int, steps: [Int]) {
    let model = try Bandit.model()
    for stop in stops {
      let sharpener = try Bandit.sharpener(
        model, heldOut: true,
        report: { event in
          if case .step(let step, _) = event, step.step == stop { withUnsafeCurrentTask { $0?.cancel() } }
        })
      await #expect(throws: (any Error).self) { try await Task { try await run(sharpener) }.value }
    }
    let outcome = try await run(Bandit.sharpener(model, heldOut: true))
    // The last step, even if it is not the best.
    let adapter = try AdapterFolder("\(folder.path)/step-12").read(for: model.files.configuration)
    return (
      try adapter.tensors.map { try $0.values() }, outcome.scores.map(\.step), outcome.best, outcome.log.map(\.step)
    )
  }

  @TensorActor @Test func aStoppedReasonMaxxerGoesOn() async throws {
    let lessons = try await Bandit.lessons(Bandit.model(), attempts: 24)
    func train(_ stops: [Int]) async throws -> (adapter: [[Float]], scores: [Int], best: Int, steps: [Int]) {
      try await Places.withFolder { folder in
        try await self.train(folder, stops: stops) {
          try await $0.maximise(lessons, Self.lessonMethod, folder: folder.path)
        }
      }
    }
    let (whole, stopped) = (try await train([]), try await train([3, 11]))
    #expect(whole.adapter == stopped.adapter && whole.best == stopped.best)
    #expect(whole.steps == Array(1...12) && stopped.steps == whole.steps)
    #expect(whole.scores == [0, 5, 10, 12] && stopped.scores == whole.scores)
  }

  @TensorActor @Test func aStoppedGRPOGoesOn() async throws {
    let tasks = Bandit().tasks(in: .train)
    func train(_ stops: [Int]) async throws -> (adapter: [[Float]], scores: [Int], best: Int, steps: [Int]) {
      try await Places.withFolder { folder in
        try await self.train(folder, stops: stops) {
          try await $0.optimise(tasks, world: Bandit(), Self.roundMethod, folder: folder.path)
        }
      }
    }
    // Stops inside a round and at the end of one.
    let (whole, stopped) = (try await train([]), try await train([4, 5, 9]))
    #expect(whole.adapter == stopped.adapter && whole.best == stopped.best)
    #expect(stopped.steps == Array(1...12) && whole.steps == stopped.steps)
    #expect(whole.scores == [0, 5, 10, 12] && stopped.scores == whole.scores)
  }

  /// A failed attempt is not used for training, and counts as not passed.
  @TensorActor @Test func failedAttemptsCountAsSuch() async throws {
    let model = try Bandit.model()
    let asked = Mutex([Int]())
    let attempts: Attempts = { tasks, count, model in
      let (whole, spent) = try await Bandit.attempts(tasks, count, model)
      // On held-out tasks all attempts but the first fail. In a round, the second attempt of each task fails.
      let isLook = tasks == Bandit().tasks(in: .validation)
      asked.withLock { $0.append(isLook ? 0 : 1) }
      return (
        whole.map { group in group.enumerated().map { isLook ? $0 == 0 ? $1 : nil : $0 == 1 ? nil : $1 } }, spent
      )
    }
    try await Places.withFolder { folder in
      var method = Self.roundMethod
      method.rounds = 1
      let outcome = try await Bandit.sharpener(model, heldOut: true, attempts: attempts)
        .optimise(Bandit().tasks(in: .train), world: Bandit(), method, folder: folder.path)
      #expect(outcome.scores.allSatisfy { $0.pass <= 0.25 && $0.reward <= 0.25 })
      #expect(asked.withLock { $0.contains(0) && $0.contains(1) })
    }
    // All attempts are equal. The log says that there was nothing to learn.
    let alike: Attempts = { tasks, count, model in
      let (whole, spent) = try await Bandit.attempts(tasks, 1, model)
      return (whole.map { Array(repeating: $0[0], count: count) }, spent)
    }
    for (attempts, isSilent) in [(alike, true), (Bandit.attempts, false)] {
      try await Places.withFolder { folder in
        var method = Self.roundMethod
        method.rounds = 1
        let outcome = try await Bandit.sharpener(model, attempts: attempts)
          .optimise(Bandit().tasks(in: .train), world: Bandit(), method, folder: folder.path)
        #expect(outcome.log.allSatisfy { $0.isSilent == isSilent })
        // Without differences in reward, neither the adapter nor the optimiser's state changes.
        #expect(outcome.log.allSatisfy { ($0.norm == 0) == isSilent && ($0.tokens == 0) == isSilent })
        let path = "\(folder.path)/step-\(method.steps)"
        let adapter = try AdapterFolder(path).read(for: model.files.configuration)
        let fresh = try AdapterWeights(
          AdapterConfiguration(rank: 4, alpha: 8), for: model.files.configuration, seed: Seed(0).split("adapter"))
        #expect(try (adapter.identity() == fresh.identity()) == isSilent)
        let memory = try SafetensorsFile(contentsOf: "\(path)/optimiser.safetensors")
        #expect(try memory.names.allSatisfy { try memory.floats(of: $0).allSatisfy { $0 == 0 } } == isSilent)
      }
    }
    // If every attempt fails, there is an error and no training.
    let none: Attempts = { tasks, count, model in
      (tasks.map { _ in Array(repeating: nil, count: count) }, Spent())
    }
    try await Places.withFolder { folder in
      let error = await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model, attempts: none)
          .optimise(Bandit().tasks(in: .train), world: Bandit(), Self.roundMethod, folder: folder.path)
      }
      #expect(error?.description.contains("No attempt") == true)
    }
  }

  @TensorActor @Test func anotherTrainingDoesNotGoOnThere() async throws {
    let model = try Bandit.model()
    let lessons = try await Bandit.lessons(model, attempts: 24)
    try await Places.withFolder { folder in
      var method = Self.lessonMethod
      method.steps = 2
      _ = try await Bandit.sharpener(model).maximise(lessons, method, folder: folder.path)
      // The training is complete, so the same call changes nothing.
      let again = try await Bandit.sharpener(model).maximise(lessons, method, folder: folder.path)
      #expect(again.log.count == 2)
      // A longer training continues. A shorter one has nothing to do.
      var longer = method
      longer.steps = 3
      let further = try await Bandit.sharpener(model).maximise(lessons, longer, folder: folder.path)
      #expect(further.log.map(\.step) == [1, 2, 3] && Array(further.log.prefix(2)) == again.log)
      #expect(try await Bandit.sharpener(model).maximise(lessons, method, folder: folder.path).best == 3)
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model, rate: 1e-4).maximise(lessons, method, folder: folder.path)
      }
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model).maximise(lessons.dropLast(), method, folder: folder.path)
      }
      // With `replaces`, another training may replace this one.
      let events = Mutex(0)
      let other = try await Bandit.sharpener(
        model, rate: 1e-4, replaces: true, report: { if case .anew = $0 { events.withLock { $0 += 1 } } }
      ).maximise(lessons, method, folder: folder.path)
      #expect(other.log.map(\.step) == [1, 2] && events.withLock(\.self) == 1)
      _ = try await Bandit.sharpener(
        model, rate: 1e-4, replaces: true, report: { _ in events.withLock { $0 += 1 } }
      ).maximise(lessons, method, folder: folder.path)
      #expect(events.withLock(\.self) == 1)
      try Data("{}".utf8).write(to: folder.appendingPathComponent("training.json"))
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model).maximise(lessons, method, folder: folder.path)
      }
    }
    try await Places.withFolder { folder in
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model).maximise([], Self.lessonMethod, folder: folder.path)
      }
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model).imitate([], Imitation(), folder: folder.path)
      }
      await #expect(throws: ModelError.self) {
        try await Bandit.sharpener(model).optimise([], world: Bandit(), Self.roundMethod, folder: folder.path)
      }
    }
  }
}
