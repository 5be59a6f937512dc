import Agents
import RolloutStore

/// The context that all attempts of a run share.
struct RunContext: Sendable {
  let world: any World
  let policy: any Policy
  /// nil for methods without a critic; the value of every state is then 0.
  let critic: (any Critic)?
  let settings: SteeringSettings
  /// The run's id, under which answers are stored and from which randomness is split.
  let run: String
  /// nil if nothing is stored.
  let store: RolloutStore?
  /// nil if nothing is stored, or if the world's outcomes need not be stored.
  let outcomes: OutcomeLog?
  /// The root of the run's randomness.
  let root: Seed
  /// nil if nobody traces the run.
  let tracer: (any RunTracer)?

  init(
    world: any World, policy: any Policy, critic: (any Critic)?, settings: SteeringSettings, run: String,
    store: RolloutStore?, tracer: (any RunTracer)? = nil
  ) {
    self.tracer = tracer
    self.world = world
    self.policy = policy
    self.critic = critic
    self.settings = settings.effective
    self.run = run
    self.store = store
    outcomes = world.storesOutcomes ? store.map { OutcomeLog(store: $0, run: run) } : nil
    root = Seed(settings.seed).split(run)
  }

  /// A particle before its first step: in an open episode, or behind if the opening is known.
  ///
  /// - Parameter opening: the opening, if it is known already.
  func first(of task: AgentTask, _ opening: Observation?) async throws -> Particle {
    var opening = opening
    if opening == nil { opening = try await outcomes?.opening(of: task) }
    if let opening {
      return Particle(trajectory: Trajectory(task: task, opening: opening), episode: EndedEpisode(), isBehind: true)
    }
    let (episode, observation) = try await world.begin(task)
    let first = Particle(trajectory: Trajectory(task: task, opening: observation), episode: episode)
    do { try await outcomes?.record(observation, of: task) } catch {
      await episode.close()
      throw error
    }
    return first
  }

  /// The critic's predictions, one for each state.
  func returns(from states: [CriticState], by critic: any Critic) async throws -> [ReturnDistribution?] {
    let returns = try await critic.returnsToGo(from: states)
    guard returns.count == states.count else {
      throw CriticError(.failed, "The critic gave \(returns.count) values for \(states.count) states.")
    }
    return returns
  }
}

extension World {
  /// Whether a reward is the maximal one, with a tolerance for sums of decimal rewards; false if the world states none.
  func isMaximal(_ reward: Double) -> Bool { maximalReward.map { reward >= $0 - 1e-9 } ?? false }
}
