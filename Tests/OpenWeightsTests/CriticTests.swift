import Agents
import Foundation
import ModelFiles
import Synchronization
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// A critic that is a language model, on states that differ in one word.
@Suite(.modelsInProcess) struct CriticTests {
  static let world = WorldIdentity(kind: "bandit")

  /// The word decides the return: left loses and right wins. Everything else is noise.
  static func examples(_ range: Range<Int>) -> [LMCritic.Example] {
    range.map { number in
      var generator = Seed(UInt64(number)).generator()
      let bin = generator.number(below: 3) == 0 ? 0 : 1
      let noise = (0..<3).map { _ in TinyModel.letters[generator.number(below: 26)] }.joined()
      let trajectory = Trajectory(
        task: AgentTask(id: TaskID("\(number)"), request: noise, stepLimit: 3),
        opening: Observation("\(noise)" + String(repeating: bin == 0 ? " left" : " right", count: 6)))
      return LMCritic.Example(state: CriticState(trajectory), bin: bin)
    }
  }

  @TensorActor
  static func fit(
    _ model: LoadedModel, _ train: [LMCritic.Example], heldOut: [LMCritic.Example], steps: Int = 50,
    folder: String? = nil, report: @Sendable (LMCritic.Event) -> Void = { _ in }
  ) async throws -> LMCritic {
    var settings = LMCritic.Settings()
    settings.adapter = AdapterConfiguration(rank: 4, alpha: 8, targets: Projection.allCases)
    settings.optimiser = OptimiserSettings(learningRate: 3e-2, warmUp: 5)
    settings.steps = steps
    settings.batch = 16
    settings.evaluateEvery = 10
    settings.tokensPerPass = 512
    settings.statesOfTask = 4
    return try await LMCritic.fit(
      train, heldOut: heldOut, returns: [0, 1],
      marginal: ReturnDistribution(returns: [0, 1], probabilities: [1, 2]),
      tasks: train.map { TaskID($0.state.request) }, environment: world, policy: "somebody", base: model,
      settings: settings, folder: folder, report: report)
  }

  /// The mean loss in nats per state.
  static func loss(_ critic: LMCritic, _ examples: [LMCritic.Example]) async throws -> Double {
    let found = try await critic.returnsToGo(from: examples.map(\.state))
    return try zip(examples, found).reduce(0) { try $0 - log(#require($1.1).probabilities[$1.0.bin]) }
      / Double(examples.count)
  }

  @TensorActor @Test func itLearnsWhatTellsStatesApart() async throws {
    let model = try TinyModel.shared()
    let (train, held, other) = (Self.examples(0..<150), Self.examples(200..<240), Self.examples(300..<360))
    let critic = try await Self.fit(model, train, heldOut: held, steps: 80)
    let share = Double(train.count { $0.bin == 1 }) / 150
    let constant =
      other.reduce(0) { $0 - log($1.bin == 1 ? share : 1 - share) } / Double(other.count)
    let found = try await Self.loss(critic, other)
    #expect(found < constant / 3, "\(found) against \(constant)")
    #expect(abs(try await Self.loss(critic, held) - (critic.heldOutLoss ?? 9)) < 1e-4)
    // A state has the same value in a batch and alone.
    let together = try await critic.returnsToGo(from: other.map(\.state))
    let alone = try await critic.returnsToGo(from: [other[7].state])[0]
    #expect(abs((together[7]?.mean ?? 0) - (alone?.mean ?? 9)) < 1e-4)
    #expect(try await critic.returnsToGo(from: []).isEmpty)
    #expect(critic.identity.contains("tiny") && critic.tasks.count == 150)
  }

  /// Before training, the critic equals the constant critic.
  @TensorActor @Test func itBeginsAsTheConstantOne() async throws {
    let model = try TinyModel.shared()
    // Both outcomes are equally frequent. The held-out examples contradict the training examples, so that no training
    // step is kept.
    let drawn = Self.examples(0..<100)
    let examples = (0...1).flatMap { bin in drawn.filter { $0.bin == bin }.prefix(15) }
    let contrary = examples.map { LMCritic.Example(state: $0.state, bin: 1 - $0.bin) }
    let critic = try await Self.fit(model, examples, heldOut: contrary, steps: 20)
    for value in try await critic.returnsToGo(from: Self.examples(150..<154).map(\.state)) {
      #expect(abs((value?.mean ?? 9) - 0.5) < 1e-5)
    }
  }

  /// States of few tasks, most of them repeated. A repeated state is read once and weighted by its count.
  @TensorActor @Test func whatReadsAlikeIsReadOnce() async throws {
    let model = try TinyModel.shared()
    let few = Self.examples(0..<6)
    let examples = few.enumerated().flatMap { number, example in
      (0..<number + 1).map { LMCritic.Example(state: example.state, bin: $0 % 2) }
    }
    let material = LMCritic.Material(examples, bins: 2, model, context: 64)
    #expect(material.texts.count == 6 && material.states.count == 21)
    #expect(material.counts == [[1, 0], [1, 1], [2, 1], [2, 2], [3, 2], [3, 3]])
    #expect(material.tasks.map(\.count) == Array(1...6))
    var generator = Seed(3).generator()
    // All states are equally likely: 63,000 draws of 21 states, with a mean of 3,000 and a standard error of 54.
    var counts = [Int](repeating: 0, count: 21)
    for _ in 0..<21_000 { for state in material.drawn(3, ofTask: 1, &generator) { counts[state] += 1 } }
    #expect(counts.allSatisfy { abs($0 - 3000) < 4 * 54 }, "\(counts)")
    let drawn = material.drawn(12, ofTask: 5, &generator)
    #expect(drawn.count == 12)
    let whole = material.wholeTasks(8, &generator)
    #expect(whole.count >= 8 && Set(whole).count == whole.count)
    // Merged equal states have the same loss as separate ones.
    let critic = try await Self.fit(model, examples, heldOut: examples, steps: 4)
    #expect(abs(try await Self.loss(critic, examples) - (critic.heldOutLoss ?? 9)) < 1e-4)
  }

  /// A stopped training resumes with the same result. Finished work is not repeated.
  @TensorActor @Test func aStoppedTrainingGoesOn() async throws {
    let model = try TinyModel.shared()
    let (taught, held) = (Self.examples(0..<40), Self.examples(60..<70))
    func train(
      _ folder: URL, stop: Int?, steps: Int = 30
    ) async throws -> (critic: LMCritic, steps: [Int], looks: [Int]) {
      let seen = Mutex((steps: [Int](), looks: [Int]()))
      let critic = try await Self.fit(model, taught, heldOut: held, steps: steps, folder: folder.path) { event in
        switch event {
        case .step(let step):
          seen.withLock { $0.steps.append(step.step) }
          if step.step == stop { withUnsafeCurrentTask { $0?.cancel() } }
        case .look(let step, _): seen.withLock { $0.looks.append(step) }
        case .anew: seen.withLock { $0.steps.append(-1) }
        }
      }
      return seen.withLock { (critic, $0.steps, $0.looks) }
    }
    let whole = try await Places.withFolder { try await train($0, stop: nil) }
    #expect(whole.steps == Array(1...30) && whole.looks == [0, 10, 20, 30])
    try await Places.withFolder { folder in
      await #expect(throws: (any Error).self) { try await Task { try await train(folder, stop: 17) }.value }
      let rest = try await train(folder, stop: nil)
      #expect(rest.steps == Array(18...30) && rest.looks == [20, 30])
      #expect(rest.critic.heldOutLoss == whole.critic.heldOutLoss)
      let states = held.map(\.state)
      #expect(try await rest.critic.returnsToGo(from: states) == whole.critic.returnsToGo(from: states))
      let again = try await train(folder, stop: nil)
      #expect(again.steps.isEmpty && again.looks.isEmpty)
      let longer = try await train(folder, stop: nil, steps: 34)
      #expect(longer.steps == Array(31...34) && longer.looks == [34])
      #expect(try await again.critic.returnsToGo(from: states) == whole.critic.returnsToGo(from: states))
      // More rollouts start another training, which replaces the old one.
      let reports = Mutex([Int]())
      let other = try await Self.fit(
        model, taught + Self.examples(80..<90), heldOut: held, steps: 10, folder: folder.path
      ) { event in
        switch event {
        case .step(let step): reports.withLock { $0.append(step.step) }
        case .look: break
        case .anew: reports.withLock { $0.append(-1) }
        }
      }
      #expect(reports.withLock(\.self) == [-1] + Array(1...10))
      #expect(other.heldOutLoss != nil)
    }
  }

  @TensorActor @Test func aFolderHoldsIt() async throws {
    let model = try TinyModel.shared()
    let critic = try await Self.fit(model, Self.examples(0..<20), heldOut: [], steps: 6)
    let states = Self.examples(300..<306).map(\.state)
    try await Places.withFolder { folder in
      try critic.write(to: folder.path)
      let read = try LMCritic.read(folder.path, base: model, environment: Self.world)
      #expect(try await read.returnsToGo(from: states) == critic.returnsToGo(from: states))
      #expect(read.identity == critic.identity && read.tasks == critic.tasks && read.marginal == critic.marginal)
      #expect(read.heldOutLoss == nil)
      let wrong = #expect(throws: CriticError.self) {
        try LMCritic.read(folder.path, base: model, environment: WorldIdentity(kind: "shop"))
      }
      #expect(wrong?.kind == .wrongEnvironment)
      #expect(throws: CriticError.self) {
        try LMCritic.read(folder.path, base: model.with(nil, named: "another"), environment: Self.world)
      }
      // A model of the same name with another shape.
      let wide = try TinyModel.make(changes: ["hidden_size": 64, "head_dim": 8])
      #expect(throws: (any Error).self) {
        try LMCritic.read(folder.path, base: wide, environment: Self.world)
      }
      #expect(throws: CriticError.self) {
        try LMCritic.read(folder.path + "/nowhere", base: model, environment: Self.world)
      }
    }
  }

  @TensorActor @Test func abrokenFolderIsAnError() async throws {
    let model = try TinyModel.shared()
    let critic = try await Self.fit(model, Self.examples(0..<8), heldOut: [], steps: 1)
    func spoil(_ change: (URL) throws -> Void) async throws {
      try await Places.withFolder { folder in
        try critic.write(to: folder.path)
        try change(folder)
        await #expect(throws: (any Error).self) {
          _ = try await LMCritic.read(folder.path, base: model, environment: Self.world)
            .returnsToGo(from: Self.examples(0..<2).map(\.state))
        }
      }
    }
    try await spoil { try Data("{".utf8).write(to: $0.appendingPathComponent("critic.json")) }
    try await spoil { try Data("{\"version\":1}".utf8).write(to: $0.appendingPathComponent("critic.json")) }
    try await spoil { try FileManager.default.removeItem(at: $0.appendingPathComponent("head.safetensors")) }
    try await spoil { try FileManager.default.removeItem(at: $0.appendingPathComponent("adapter_config.json")) }
    func head(_ folder: URL, _ weights: [Float], _ bias: [Float]) throws {
      try SafetensorsFile.write(
        [("score.weight", [weights.count / 32, 32], weights), ("score.bias", [bias.count], bias)], metadata: [:],
        to: folder.appendingPathComponent("head.safetensors").path)
    }
    try await spoil { try head($0, [Float](repeating: 0, count: 96), [0, 0, 0]) }
    // NaN must not crash the process.
    try await spoil { try head($0, [Float](repeating: .nan, count: 64), [0, 0]) }
    try await spoil { try head($0, [Float](repeating: 0, count: 64), [.infinity, 0]) }
    try await spoil { try head($0, [Float](repeating: 0, count: 64), [-.infinity, -.infinity]) }
  }

  @TensorActor @Test func whatCannotBeLearnedIsAnError() async throws {
    let model = try TinyModel.shared()
    await #expect(throws: CriticError.self) { try await Self.fit(model, [], heldOut: []) }
    let beyond = Self.examples(0..<4).map { LMCritic.Example(state: $0.state, bin: 2) }
    let below = Self.examples(0..<4).map { LMCritic.Example(state: $0.state, bin: -1) }
    for wrong in [beyond, below] {
      await #expect(throws: CriticError.self) { try await Self.fit(model, wrong, heldOut: [], steps: 1) }
      await #expect(throws: CriticError.self) {
        try await Self.fit(model, Self.examples(0..<4), heldOut: wrong, steps: 1)
      }
    }
  }
}
