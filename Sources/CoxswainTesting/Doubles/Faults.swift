import Agents
import Synchronization

/// A policy whose first calls fail.
///
/// Calls are counted over all callers. It imitates a failure of the policy itself. If the policy retries internally,
/// wrap the model behind it instead.
public struct FailingPolicy: Policy {
  private let policy: any Policy
  private let error: PolicyError
  private let failures: Int
  private let calls = Counter()

  /// - Parameters:
  ///   - failures: the number of calls that fail before the first one is answered.
  ///   - error: the error that they throw.
  public init(
    _ policy: any Policy, failures: Int,
    with error: PolicyError = PolicyError(.serverFailed, "The policy was made to fail by a test.")
  ) {
    self.policy = policy
    self.failures = failures
    self.error = error
  }

  public var identity: String { policy.identity }
  public var format: ActionFormat { policy.format }
  public var limitsConcurrency: Bool { policy.limitsConcurrency }
  public var computesAnswers: Bool { policy.computesAnswers }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    guard calls.next() > failures else { throw error }
    return try await policy.respond(to: request)
  }
}

/// A world whose episodes lose their connection at chosen steps.
///
/// A step at which the connection is lost throws `unavailable`, and so does every later use of that episode. The world
/// can then be opened again.
public struct UnreliableWorld: World {
  private let world: any World
  private let losses: Set<Int>
  private let steps = Counter()

  /// - Parameter losses: the steps that fail, from 1, counted over all episodes in the order of the calls.
  public init(_ world: any World, losingSteps losses: Set<Int>) {
    self.world = world
    self.losses = losses
  }

  public var identity: WorldIdentity { world.identity }
  public var maximalReward: Double? { world.maximalReward }
  public var storesOutcomes: Bool { world.storesOutcomes }
  public var divergenceAdvice: String? { world.divergenceAdvice }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] { try world.tasks(in: split) }
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { try world.task(id) }
  public func transcript(for trajectory: Trajectory) -> Transcript { world.transcript(for: trajectory) }
  public func tools(for task: AgentTask) -> [ActionTool]? { world.tools(for: task) }
  public func close() async { await world.close() }

  public func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let (episode, observation) = try await world.begin(task)
    return (UnreliableEpisode(episode: episode, steps: steps, losses: losses), observation)
  }
}

private struct UnreliableEpisode: Episode {
  var episode: any Episode
  let steps: Counter
  let losses: Set<Int>
  var isLost = false

  private static let loss = WorldError(.unavailable, "The connection to the world was made to fail by a test.")

  mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    if !isLost { isLost = losses.contains(steps.next()) }
    guard !isLost else { throw Self.loss }
    return try await episode.step(action)
  }

  func fork() async throws(WorldError) -> (any Episode)? {
    guard !isLost else { throw Self.loss }
    return try await episode.fork().map { UnreliableEpisode(episode: $0, steps: steps, losses: losses) }
  }

  var recoveryMismatches: Int { get async { await episode.recoveryMismatches } }

  func close() async { await episode.close() }
}

/// A counter from 1, shared by all its holders.
private final class Counter: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}
