import Foundation
import ModelFiles
import Tensors

/// The checkpoint folder of a training: the adapter and the optimiser's state after the last complete unit of work,
/// and the log.
struct TrainingFolder: Sendable {
  let path: String

  /// The checkpoint without the tensors.
  struct State: Codable, Sendable {
    /// A digest of everything that determines the training. A different training cannot resume from the folder.
    var identity: String
    var log: [TrainingStep] = []
    var scores: [HeldOutScore] = []
    /// Held-out losses of a critic by step, in nats.
    var losses: [Int: Double]?
    /// The best step on held-out tasks.
    var best: Int?
    /// Model calls and tokens that the training used.
    var spent = Spent()
    /// The duration of all sessions together; missing in folders of earlier versions.
    var seconds: Double?
    /// What the evaluations on held-out tasks cost; missing in folders of earlier versions.
    var looked: Spent?
  }

  private var statePath: String { "\(path)/training.json" }
  var best: AdapterFolder { AdapterFolder("\(path)/best") }
  private static let prefix = "step-"

  /// The adapter after this many steps, and the file of the optimiser's state.
  private func adapter(after step: Int) -> (folder: AdapterFolder, memory: String) {
    let folder = "\(path)/\(Self.prefix)\(step)"
    return (AdapterFolder(folder), "\(folder)/optimiser.safetensors")
  }

  /// The drawn tokens of the attempts of a round. Deletes those of earlier rounds.
  func drawn(round: Int) throws -> DrawnTokens {
    let (files, prefix) = (FileManager.default, "drawn-")
    let name = "\(prefix)\(round).jsonl"
    for other in (try? files.contentsOfDirectory(atPath: path)) ?? [] where other.hasPrefix(prefix) && other != name {
      try files.removeItem(atPath: "\(path)/\(other)")
    }
    return try DrawnTokens("\(path)/\(name)")
  }

  /// The state of this training; nil if there is none yet.
  ///
  /// - Throws: if the folder holds a different training.
  func state(of identity: String) throws -> State? {
    guard let data = FileManager.default.contents(atPath: statePath) else { return nil }
    guard let state = try? JSONDecoder().decode(State.self, from: data) else {
      throw ModelError("\(statePath) cannot be read. Give another folder for the adapter, or move this one away.")
    }
    guard state.identity == identity else {
      throw ModelError(
        """
        The folder \(path) holds a training with other settings or other rollouts. Give another folder for the adapter, or move \
        this one away.
        """)
    }
    return state
  }

  /// Removes a different training, or one that cannot be read. Returns whether there was one.
  func giveWay(to identity: String) throws -> Bool {
    let files = FileManager.default
    guard files.fileExists(atPath: statePath), (try? state(of: identity)) == nil else { return false }
    // The state is removed first: without it the folder does not count as a training.
    try files.removeItem(atPath: statePath)
    for name in try files.contentsOfDirectory(atPath: path)
    where name == "best" || name.hasPrefix(Self.prefix) || name.hasPrefix("drawn-") {
      try files.removeItem(atPath: "\(path)/\(name)")
    }
    return true
  }

  /// Reads the saved parameters and the optimiser.
  ///
  /// - Parameter head: the shapes of the parameters trained besides the adapter.
  @TensorActor
  func load(
    _ state: State, for model: ModelConfiguration, optimiser: OptimiserSettings, head shapes: [[Int]] = []
  ) throws -> (adapter: AdapterWeights, head: [Tensor<Float>], optimiser: AdamW) {
    let place = adapter(after: state.log.count)
    let adapter = try place.folder.read(for: model)
    let file = try SafetensorsFile(contentsOf: place.memory)
    var head: [Tensor<Float>] = []
    for (place, shape) in shapes.enumerated() {
      head.append(try Tensor(file.floats(of: "head.\(place)"), shape: shape))
    }
    var memory = try AdamW(optimiser, for: adapter.tensors + head)
    for (place, tensor) in (adapter.tensors + head).enumerated() {
      memory.means[place] = try Tensor(file.floats(of: "mean.\(place)"), shape: tensor.shape)
      memory.squares[place] = try Tensor(file.floats(of: "square.\(place)"), shape: tensor.shape)
    }
    memory.step = state.log.count
    memory.updates = state.log.count { $0.isSilent != true }
    return (adapter, head, memory)
  }

  /// Writes the state last. Until then the old state, and the tensors that it names, remain valid.
  @TensorActor
  func save(
    _ state: State, _ adapter: AdapterWeights, head: [Tensor<Float>] = [], _ optimiser: AdamW,
    model: ModelConfiguration, base: String
  ) throws {
    let place = self.adapter(after: state.log.count)
    try place.folder.write(adapter, base: base)
    var tensors: [(name: String, shape: [Int], values: [Float])] = []
    for (place, tensor) in head.enumerated() {
      tensors.append(("head.\(place)", tensor.shape, try tensor.values()))
    }
    for (place, tensor) in (adapter.tensors + head).enumerated() {
      let shape = tensor.shape
      tensors.append(("mean.\(place)", shape, try optimiser.means[place].values()))
      tensors.append(("square.\(place)", shape, try optimiser.squares[place].values()))
    }
    try SafetensorsFile.write(tensors, metadata: [:], to: place.memory)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(state).write(to: URL(fileURLWithPath: statePath), options: .atomic)
    for name in try FileManager.default.contentsOfDirectory(atPath: path)
    where name.hasPrefix(Self.prefix) && name != "\(Self.prefix)\(state.log.count)" {
      try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }
}

/// The cost of a training's attempts, apart from its own passes.
package struct Spent: Sendable, Hashable, Codable {
  package var calls = 0
  package var inputTokens = 0
  /// Input tokens that were read from a cache; missing in folders of earlier versions.
  package var cachedInputTokens: Int? = 0
  package var outputTokens = 0

  package init(calls: Int = 0, inputTokens: Int = 0, cachedInputTokens: Int = 0, outputTokens: Int = 0) {
    self.calls = calls
    self.inputTokens = inputTokens
    self.cachedInputTokens = cachedInputTokens
    self.outputTokens = outputTokens
  }

  package static func + (a: Spent, b: Spent) -> Spent {
    Spent(
      calls: a.calls + b.calls, inputTokens: a.inputTokens + b.inputTokens,
      cachedInputTokens: (a.cachedInputTokens ?? 0) + (b.cachedInputTokens ?? 0),
      outputTokens: a.outputTokens + b.outputTokens)
  }

  package static func += (a: inout Spent, b: Spent) { a = a + b }
}
