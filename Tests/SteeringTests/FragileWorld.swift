import Agents
import Steering
import Synchronization
import TestSupport

/// The chain in an environment that breaks: at the action "boom", and when certain tasks are opened. It cannot copy
/// itself. By default its outcomes are stored.
final class FragileWorld: World {
  let chain: ChainWorld
  let storesOutcomes: Bool
  let kind: WorldError.Kind
  /// If true, forking throws an error. Otherwise it returns nil.
  let failsToFork: Bool
  private let unopenable: Set<TaskID>
  private let booms = Mutex(0)
  private let openings = Mutex(0)
  private let isMended: Mutex<Bool>

  init(
    rounds: Int = 12, unopenable: Set<TaskID> = [], kind: WorldError.Kind = .unavailable,
    storesOutcomes: Bool = true, isMended: Bool = false, failsToFork: Bool = false
  ) {
    chain = ChainWorld(rounds: rounds, forking: .replays)
    self.unopenable = unopenable
    self.kind = kind
    self.storesOutcomes = storesOutcomes
    self.failsToFork = failsToFork
    self.isMended = Mutex(isMended)
  }

  /// The number of steps at which it broke.
  var broken: Int { booms.withLock(\.self) }
  /// The number of attempts to open a task.
  var opened: Int { openings.withLock(\.self) }

  var identity: WorldIdentity { WorldIdentity(kind: "fragile", rules: "\(chain.rounds)") }
  var maximalReward: Double? { 1 }
  func tasks(in split: Split) -> [AgentTask] { (0..<20).map(chain.task(number:)) }
  func task(_ id: TaskID) -> AgentTask { chain.task(id) }
  func transcript(for trajectory: Trajectory) -> Transcript { chain.transcript(for: trajectory) }

  func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
    openings.withLock { $0 += 1 }
    if unopenable.contains(task.id), !isMended.withLock(\.self) { throw WorldError(kind, "no \(task.id) today") }
    return (Rounds(world: self, episode: chain.begin(task).episode), Observation("start"))
  }

  struct Rounds: Episode {
    let world: FragileWorld
    var episode: any Episode

    mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
      if action.text.hasPrefix("boom"), !world.isMended.withLock(\.self) {
        world.booms.withLock { $0 += 1 }
        throw WorldError(world.kind, "the world broke")
      }
      return try await episode.step(action)
    }

    func fork() throws(WorldError) -> (any Episode)? {
      if world.failsToFork { throw WorldError(.unavailable, "no copies today") }
      return nil
    }

    func close() async { await episode.close() }
  }

  /// The coin, with the answer "boom" at these places and steps.
  static func policy(booms: Set<[Int]>) -> CountingClosurePolicy {
    CountingClosurePolicy { key in booms.contains([key.particle, key.step]) ? "boom" : nil }
  }
}

/// The coin, except for given answers. It records the requested keys.
final class CountingClosurePolicy: Policy {
  let identity = "counting coin"
  let format = ActionFormat.plain
  private let asked = Mutex<[CallKey]>([])
  private let answer: @Sendable (CallKey) -> String?

  init(_ answer: @escaping @Sendable (CallKey) -> String?) { self.answer = answer }

  var keys: [CallKey] { asked.withLock(\.self) }

  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    asked.withLock { $0.append(request.key) }
    if let text = answer(request.key) { return PolicyResponse(text, usage: Usage(inputTokens: 10, outputTokens: 1)) }
    return try await ChainWorld.coin.respond(to: request)
  }
}
