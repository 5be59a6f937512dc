#if OpenWeights
  import Agents
  import Foundation
  import ModelFiles
  import Tensors
  import Testing

  @testable import OpenWeights

  /// A critic that is a language model, on states that one word tells apart.
  @Suite struct CriticTests {
    static let world = EnvironmentIdentity(kind: "bandit")

    /// The word decides the return: left loses, right wins. Everything else is noise.
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
      _ model: LoadedModel, _ train: [LMCritic.Example], heldOut: [LMCritic.Example], steps: Int = 50
    ) async throws -> LMCritic {
      var settings = LMCritic.Settings()
      settings.adapter = AdapterConfiguration(rank: 4, alpha: 8, targets: Projection.allCases)
      settings.optimiser = OptimiserSettings(learningRate: 1e-2, warmUp: 5)
      settings.steps = steps
      settings.batch = 16
      settings.evaluateEvery = 10
      settings.tokensPerPass = 512
      return try await LMCritic.fit(
        train, heldOut: heldOut, returns: [0, 1],
        marginal: ReturnDistribution(returns: [0, 1], probabilities: [1, 2]),
        tasks: train.map { TaskID($0.state.request) }, environment: world, policy: "somebody", base: model,
        settings: settings)
    }

    /// In nats a state.
    static func loss(_ critic: LMCritic, _ examples: [LMCritic.Example]) async throws -> Double {
      let found = try await critic.returnsToGo(from: examples.map(\.state))
      return try zip(examples, found).reduce(0) { try $0 - log(#require($1.1).probabilities[$1.0.bin]) }
        / Double(examples.count)
    }

    @TensorActor @Test func itLearnsWhatTellsStatesApart() async throws {
      let model = try TinyModel.shared()
      let (train, held, other) = (Self.examples(0..<150), Self.examples(200..<240), Self.examples(300..<360))
      let critic = try await Self.fit(model, train, heldOut: held)
      let share = Double(train.count { $0.bin == 1 }) / 150
      let constant =
        other.reduce(0) { $0 - log($1.bin == 1 ? share : 1 - share) } / Double(other.count)
      let found = try await Self.loss(critic, other)
      #expect(found < constant / 3, "\(found) against \(constant)")
      #expect(abs(try await Self.loss(critic, held) - (critic.heldOutLoss ?? 9)) < 1e-4)
      // A state alone has the value that it has among others.
      let together = try await critic.returnsToGo(from: other.map(\.state))
      let alone = try await critic.returnsToGo(from: [other[7].state])[0]
      #expect(abs((together[7]?.mean ?? 0) - (alone?.mean ?? 9)) < 1e-4)
      #expect(try await critic.returnsToGo(from: []).isEmpty)
      #expect(critic.identity.contains("tiny") && critic.tasks.count == 150)
    }

    /// Before anything is learned it says what the constant critic says.
    @TensorActor @Test func itBeginsAsTheConstantOne() async throws {
      let model = try TinyModel.shared()
      var examples = Self.examples(0..<30)
      // Held out is the contrary of what it learns from, so that nothing learned is kept.
      let contrary = examples.map { LMCritic.Example(state: $0.state, bin: 1 - $0.bin) }
      examples += contrary.prefix(9)
      let critic = try await Self.fit(model, examples, heldOut: contrary, steps: 20)
      let ones = Double(examples.count { $0.bin == 1 }) + 1
      let expected = ones / Double(examples.count + 2)
      for value in try await critic.returnsToGo(from: Self.examples(50..<54).map(\.state)) {
        #expect(abs((value?.mean ?? 9) - expected) < 0.05)
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
          try LMCritic.read(folder.path, base: model, environment: EnvironmentIdentity(kind: "shop"))
        }
        #expect(wrong?.kind == .wrongEnvironment)
        #expect(throws: CriticError.self) {
          try LMCritic.read(folder.path, base: model.with(nil, named: "another"), environment: Self.world)
        }
        // A model of the same name and another shape.
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
      // Numbers that are none must not end the process.
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
#endif
