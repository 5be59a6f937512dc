import Agents
import Foundation
import Tensors

extension LMCritic {
  package struct Settings: Sendable, Hashable, Codable {
    package var adapter = AdapterConfiguration(rank: 8, alpha: 16)
    package var optimiser = OptimiserSettings(learningRate: 1e-3, warmUp: 10)
    package var steps = 150
    /// The number of states in an optimiser step, and how many of them share a task. The common beginning of a task's
    /// states is processed once.
    package var batch = 96
    package var statesOfTask = 6
    /// Steps between evaluations on held-out states. Each evaluation also updates the folder, and the best parameters
    /// are kept.
    package var evaluateEvery = 25
    /// The approximate number of held-out states evaluated: all states of some tasks.
    package var looks = 1024
    package var context = 256
    package var tokensPerPass = 4096
    package var checkpointing = true
    package var seed: UInt64 = 0

    package init() {}
  }

  /// A state and its return-to-go.
  package struct Example: Sendable {
    package let state: CriticState
    /// The bin of the return-to-go.
    package let bin: Int

    package init(state: CriticState, bin: Int) {
      self.state = state
      self.bin = bin
    }
  }

  package enum Event: Sendable {
    /// The loss is the mean over the step's states, in nats.
    case step(TrainingStep)
    /// The mean loss of the held-out states.
    case look(Int, loss: Double)
    /// The folder held a different training, which is replaced.
    case anew
  }

  /// Trains on `examples`, and keeps the parameters with the lowest loss on about ``Settings/looks`` states of
  /// `heldOut`. The held-out states are of other tasks.
  ///
  /// - Parameters:
  ///   - returns: the return that stands for each bin.
  ///   - path: the checkpoint folder. The same call resumes from it.
  @TensorActor
  package static func fit(
    _ examples: [Example], heldOut: [Example], returns: [Double], marginal: ReturnDistribution, tasks: [TaskID],
    environment: WorldIdentity, policy: String, base: LoadedModel, settings: Settings,
    folder path: String? = nil,
    report: @Sendable (Event) -> Void = { _ in }
  ) async throws -> LMCritic {
    guard !examples.isEmpty, !returns.isEmpty else {
      throw CriticError(.tooLittleData, "There are no states to learn from.")
    }
    if let wrong = (examples + heldOut).first(where: { !returns.indices.contains($0.bin) }) {
      throw CriticError(.failed, "A state is in bin \(wrong.bin), and there are \(returns.count).")
    }
    let seed = Seed(settings.seed).split("lm critic")
    let learned = Material(examples, bins: returns.count, base, context: settings.context)
    // Only a sample is evaluated, large enough to compare steps: reading all held-out states would take longer than
    // training.
    var drawing = seed.split("held out").generator()
    let held = Material(heldOut, bins: returns.count, base, context: settings.context)
    let looked = held.wholeTasks(settings.looks, &drawing)
    let run = TrainingRun(
      material: learned, held: held, looked: looked, model: base.model, settings: settings, seed: seed.split("batch"))
    func critic(_ parameters: Parameters, loss: Double?) -> LMCritic {
      LMCritic(
        record: Record(
          base: base.name, environment: environment, policy: policy, returns: returns, context: settings.context,
          heldOutLoss: loss, tasks: tasks, marginal: marginal),
        model: base.model, tokenizer: base.files.tokenizer, parameters: parameters)
    }
    let shape = base.files.configuration
    // The head starts at zero and its bias at the log shares of the bins, so that the first prediction is the
    // marginal distribution.
    let counts = learned.counts.reduce(into: [Float](repeating: 1, count: returns.count)) { sum, counts in
      for bin in sum.indices { sum[bin] += counts[bin] }
    }
    var parameters = Parameters(
      adapter: try AdapterWeights(settings.adapter, for: shape, seed: seed.split("adapter")),
      head: try Tensor(repeating: 0, shape: [returns.count, shape.hiddenSize]),
      bias: try Tensor(counts.map { log($0 / counts.reduce(0, +)) }))
    var optimiser = try AdamW(settings.optimiser, for: parameters.tensors)
    let folder = path.map { TrainingFolder(path: "\($0)/training") }
    var state = TrainingFolder.State(identity: try run.identity(base.name, returns))
    var best = parameters
    if let folder {
      // Replaces the previous training, as training a critic again on more rollouts replaces the critic.
      if try folder.giveWay(to: state.identity) { report(.anew) }
      if let found = try folder.state(of: state.identity) {
        state = found
        let (adapter, head, memory) = try folder.load(
          state, for: shape, optimiser: settings.optimiser, head: [parameters.head.shape, parameters.bias.shape])
        (parameters, optimiser) = (Parameters(adapter: adapter, head: head[0], bias: head[1]), memory)
        best = try read(folder.best.path, base: base, environment: environment).parameters
      }
    }
    func keep() throws {
      guard let folder else { return }
      if state.best == state.log.count { try critic(parameters, loss: nil).write(to: folder.best.path) }
      try folder.save(
        state, parameters.adapter, head: [parameters.head, parameters.bias], optimiser, model: shape, base: base.name)
    }
    func look() async throws {
      let step = state.log.count
      if !looked.isEmpty {
        let loss = try await run.loss(parameters)
        report(.look(step, loss: loss))
        let least = state.losses?.values.min() ?? .infinity
        state.losses = (state.losses ?? [:]).merging([step: loss]) { $1 }
        guard loss < least else { return try keep() }
      }
      best = parameters
      state.best = step
      try keep()
    }
    if state.log.isEmpty { try await look() }
    while state.log.count < settings.steps {
      if Task.isCancelled {
        if !state.log.isEmpty { try keep() }
        throw CancellationError()
      }
      let begun = ContinuousClock.now
      Engine.resetPeakMemory()
      let number = state.log.count + 1
      let (loss, gradients, tokens) = try await run.gradient(parameters, at: number)
      var tensors = parameters.tensors
      let norm = try optimiser.update(&tensors, gradients: gradients)
      parameters = parameters.replacing(tensors)
      state.log.append(
        TrainingStep(
          step: number, loss: loss, norm: norm, rate: settings.optimiser.rate(at: number),
          seconds: (ContinuousClock.now - begun).inSeconds, tokens: tokens, peakMemory: Engine.peakMemory))
      if let last = state.log.last { report(.step(last)) }
      if number % settings.evaluateEvery == 0 || number == settings.steps { try await look() }
    }
    return critic(best, loss: looked.isEmpty ? nil : state.losses?.values.min())
  }

  /// The training states. Equal texts are stored once, with the number of states that ended in each bin.
  struct Material: Sendable {
    /// The different texts.
    private(set) var texts: [TokenSequence] = []
    /// For each text, the number of states that ended in each bin.
    private(set) var counts: [[Float]] = []
    /// For each state, its text and its bin.
    private(set) var states: [(text: Int, bin: Int)] = []
    /// The states of each task. `taskOfState` is the task of each state.
    private(set) var tasks: [[Int]] = []
    private(set) var taskOfState: [Int] = []

    init(_ examples: [Example], bins: Int, _ base: LoadedModel, context: Int) {
      var places: [CriticState: Int] = [:]
      var requests: [String: Int] = [:]
      for (number, example) in examples.enumerated() {
        let place = places[example.state] ?? texts.count
        if place == texts.count {
          places[example.state] = place
          texts.append(LMCritic.text(of: example.state, base.files.tokenizer, context: context))
          counts.append([Float](repeating: 0, count: bins))
        }
        counts[place][example.bin] += 1
        states.append((place, example.bin))
        let task = requests[example.state.request] ?? tasks.count
        if task == tasks.count {
          requests[example.state.request] = task
          tasks.append([])
        }
        tasks[task].append(number)
        taskOfState.append(task)
      }
    }

    /// Draws `count` states, `ofTask` of one task at a time. All states are equally likely if every task has enough
    /// of them.
    func drawn(_ count: Int, ofTask: Int, _ generator: inout SplitMix64) -> [Int] {
      var result: [Int] = []
      while result.count < count {
        let task = taskOfState[generator.number(below: states.count)]
        result += generator.drawn(min(ofTask, count - result.count), from: tasks[task])
      }
      return result
    }

    /// All states of randomly drawn tasks, until there are at least `count`.
    func wholeTasks(_ count: Int, _ generator: inout SplitMix64) -> [Int] {
      var result: [Int] = []
      for task in generator.drawn(tasks.count, from: tasks) where result.count < count { result += task }
      return result
    }
  }

  /// Computes the losses and gradients of a training.
  @TensorActor
  private struct TrainingRun {
    let material: Material
    let held: Material
    /// The held-out states that are evaluated.
    let looked: [Int]
    let model: LanguageModel
    let settings: Settings
    let seed: Seed

    /// The mean loss of the evaluated held-out states, in nats.
    func loss(_ parameters: Parameters) async throws -> Double {
      var sum = 0.0
      for (texts, counts) in parts(of: looked, in: held) {
        try Task.checkCancellation()
        let rows = try LMCritic.logProbabilities(of: texts, model: model, parameters: parameters)
        sum -= Double(try (rows * counts()).sum().scalar())
        await Task.yield()
      }
      return sum / Double(looked.count)
    }

    /// The mean loss of a step's states, its gradient, and the number of tokens in their texts.
    func gradient(
      _ parameters: Parameters, at step: Int
    ) async throws -> (loss: Double, gradients: [Tensor<Float>], tokens: Int) {
      var generator = seed.split(step).generator()
      let states = material.drawn(settings.batch, ofTask: settings.statesOfTask, &generator)
      var gradients: [[Tensor<Float>]] = []
      var (sum, tokens) = (0.0, 0)
      let (model, isCheckpointing, share) = (model, settings.checkpointing, -1 / Float(states.count))
      for (texts, counts) in parts(of: states, in: material) {
        let (values, part) = try valueAndGradient(of: parameters.tensors) {
          inputs throws(TensorError) in
          do {
            let rows = try LMCritic.logProbabilities(
              of: texts, model: model, parameters: parameters.replacing(inputs), checkpointing: isCheckpointing)
            return [try (rows * counts()).sum() * share]
          } catch let error as TensorError { throw error } catch { throw TensorError("critic", "\(error)") }
        }
        try evaluate(values + part)
        sum += Double(try values[0].scalar())
        gradients.append(part)
        tokens += texts.reduce(0) { $0 + $1.tokens.count }
        await Task.yield()
      }
      return (sum, try AdapterTrainer.sum(gradients), tokens)
    }

    /// The texts of states, split into passes, and how often each text ended in each bin, [texts, bins].
    private func parts(
      of states: [Int], in material: Material
    ) -> [([TokenSequence], @TensorActor () throws(TensorError) -> Tensor<Float>)] {
      var counts: [Int: [Float]] = [:]
      let bins = material.counts.first?.count ?? 0
      for state in states {
        let (text, bin) = material.states[state]
        counts[text, default: [Float](repeating: 0, count: bins)][bin] += 1
      }
      let order = counts.keys.sorted()
      let texts = order.map { material.texts[$0] }
      return Scorer.batches(of: texts, rows: settings.tokensPerPass).map { batch in
        let values = batch.flatMap { counts[order[$0]] ?? [] }
        return (
          batch.map { texts[$0] }, { () throws(TensorError) in try Tensor(values, shape: [batch.count, bins]) }
        )
      }
    }

    /// A digest of everything that determines the training.
    func identity(_ base: String, _ returns: [Double]) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      var digest = Digest()
      // The number of steps is excluded, so that a training can be resumed with more steps.
      var settings = settings
      settings.steps = 0
      digest.add("lm critic", base, "\(returns)", String(decoding: try encoder.encode(settings), as: UTF8.self))
      for material in [material, held] {
        for (text, counts) in zip(material.texts, material.counts) { digest.add("\(text.tokens) \(counts)") }
      }
      return digest.text
    }
  }
}
