import Agents
import ParticleFilter

/// Frontier search on one task: drives the pure ``Frontier``, asks the policy, steps the worlds, asks the critic.
///
/// The i-th choice of a task makes its call under the key (run, task, i, steps taken before it). Choices depend only on
/// the answers. A stopped run therefore continues and gives the same result at any concurrency.
struct FrontierSearch: Sendable {
  let task: AgentTask
  private let context: RunContext
  /// nil before the task is opened, and if it cannot be opened.
  private var frontier: Frontier?
  /// The particles, one for each state of the frontier.
  private var visited: [Particle] = []
  private var generator: SplitMix64
  private var calls = 0
  private var usage = Usage()
  private var criticCalls = 0
  private var criticalPath = 0.0
  private var seconds = 0.0
  private var mismatches = 0
  private var failures: [AttemptFailure] = []

  init(_ task: AgentTask, _ context: RunContext) {
    self.task = task
    self.context = context
    generator = context.root.split(task.id.rawValue).split("frontier").generator()
  }

  /// The number of initial failures in a row after which a task is given up.
  private static let patience = 8

  /// Whether further calls are useless: the maximum is reached, no state is worth its price, or everything fails.
  var isOver: Bool {
    guard let frontier else { return !failures.isEmpty }
    return frontier.isSolved || !frontier.isWorthwhile || frontier.states[0].isFinished
      || (frontier.states.count == 1 && frontier.failures >= Self.patience)
  }

  /// Whether a call was made, or the task could not be opened.
  var hasBegun: Bool { !failures.isEmpty || calls > 0 || (frontier?.states.count ?? 0) > 1 }

  /// Whether there were failures and no state beyond the root was reached.
  var isLost: Bool { !failures.isEmpty && (frontier?.states.count ?? 1) == 1 }

  /// Continues until `allotment` more calls are made or the search is over.
  ///
  /// - Returns: the number of calls, failed ones included.
  mutating func spend(_ allotment: Int) async throws -> Int {
    let start = ContinuousClock.now
    defer { seconds += (ContinuousClock.now - start).inSeconds }
    if frontier == nil, failures.isEmpty { try await open() }
    var spent = 0
    while spent < allotment, !isOver {
      let made = try await extend(min(context.settings.search.width, allotment - spent))
      guard made > 0 else { break }
      spent += made
    }
    return spent
  }

  private mutating func open() async throws {
    let first: Particle
    do { first = try await context.first(of: task, nil) } catch let error as WorldError
      where context.settings.failsToOpen(over: error)
    {
      failures.append(AttemptFailure(error))
      return
    }
    visited = [first]
    let root = try await states(of: [first], after: nil)[0]
    frontier = Frontier(root: root, rule: context.settings.search.rule, maximum: context.world.maximalReward)
  }

  // MARK: - One round

  private struct Extension: Sendable {
    let choice: Int
    var particle: Particle
    var seconds = 0.0
  }

  /// Extends up to `width` states concurrently.
  ///
  /// - Returns: the number of calls.
  private mutating func extend(_ width: Int) async throws -> Int {
    guard var frontier else { return 0 }
    let chosen = frontier.choose(width, using: &generator)
    var extensions: [Extension] = []
    for choice in chosen {
      extensions.append(
        Extension(choice: choice, particle: try await departure(from: frontier.choices[choice].state)))
    }
    extensions = try await advanced(extensions)
    criticalPath += extensions.map(\.seconds).max() ?? 0
    // Results are added in the order of the choices, so that they do not depend on timing.
    var fresh: [(choice: Int, key: String)] = []
    for part in extensions {
      let parent = frontier.choices[part.choice].state
      calls += part.particle.calls
      usage += part.particle.usage
      mismatches += part.particle.mismatches
      if let failure = part.particle.failure {
        failures.append(failure)
        frontier.fail(for: part.choice)
      } else {
        let key = Self.key(of: part.particle.trajectory)
        let isKnown =
          frontier.states[parent].children[key] != nil
          || fresh.contains { $0.key == key && frontier.choices[$0.choice].state == parent }
        if isKnown {
          await part.particle.episode.close()
        }
        fresh.append((part.choice, key))
      }
    }
    try await add(fresh, of: extensions, to: &frontier)
    self.frontier = frontier
    return chosen.count
  }

  /// Adds the children to the frontier with the critic's predictions. The critic is not asked again about known
  /// children.
  private mutating func add(
    _ children: [(choice: Int, key: String)], of extensions: [Extension], to frontier: inout Frontier
  ) async throws {
    var particles: [Int: Particle] = [:]
    for part in extensions { particles[part.choice] = part.particle }
    var asked: [(choice: Int, particle: Particle, parent: Frontier.State)] = []
    var seen: Set<String> = []
    for (choice, key) in children {
      let parent = frontier.choices[choice].state
      guard let particle = particles[choice], frontier.states[parent].children[key] == nil,
        seen.insert("\(parent)\u{1F}\(key)").inserted
      else { continue }
      asked.append((choice, particle, frontier.states[parent]))
    }
    let states = try await states(of: asked.map(\.particle), after: asked.map(\.parent))
    let told = Dictionary(uniqueKeysWithValues: zip(asked.map(\.choice), states))
    for (choice, key) in children {
      // For a known child the frontier uses only the key, so this state is a placeholder.
      let state = told[choice] ?? Frontier.State(finishedAfter: 0, reward: 0, worth: -.infinity)
      guard frontier.add(state, key: key, for: choice) != nil, var particle = particles[choice] else { continue }
      if particle.isOver {
        mismatches += await particle.episode.recoveryMismatches
        await particle.episode.close()
        (particle.episode, particle.isBehind) = (EndedEpisode(), true)
      }
      visited.append(particle)
    }
  }

  /// A particle that continues from a state: a copy if the episode can copy itself. Otherwise the first continuation
  /// takes over the episode, and later ones replay the steps in a fresh episode.
  private mutating func departure(from state: Int) async throws -> Particle {
    var copy = try await visited[state].forked()
    if copy.isBehind, !visited[state].isBehind {
      copy = visited[state]
      (visited[state].episode, visited[state].isBehind) = (EndedEpisode(), true)
    }
    (copy.calls, copy.usage, copy.mismatches) = (0, Usage(), 0)
    return copy
  }

  private func advanced(_ extensions: [Extension]) async throws -> [Extension] {
    var failure: (choice: Int, error: any Error)?
    let done = await withTaskGroup(of: Result<Extension, ExtensionError>.self) { [context] group in
      for part in extensions {
        group.addImmediateTask {
          let start = ContinuousClock.now
          var part = part
          do {
            let segment = Segment(context, end: part.particle.trajectory.count + 1)
            try await part.particle.advance(through: segment, at: part.choice)
          } catch { return .failure(ExtensionError(choice: part.choice, error: error)) }
          part.seconds = (ContinuousClock.now - start).inSeconds
          return .success(part)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var parts: [Extension] = []
    for result in done {
      switch result {
      case .success(let part): parts.append(part)
      case .failure(let thrown):
        if thrown.choice < failure?.choice ?? .max { failure = (thrown.choice, thrown.error) }
      }
    }
    if let failure {
      for part in parts { await part.particle.episode.close() }
      throw failure.error
    }
    return parts.sorted { $0.choice < $1.choice }
  }

  private struct ExtensionError: Error {
    let choice: Int
    let error: any Error
  }

  /// The key that distinguishes the children of a state.
  private static func key(of trajectory: Trajectory) -> String {
    guard let last = trajectory.last else { return "" }
    return [last.action.text, last.outcome.observation.text, String(last.outcome.reward)].joined(separator: "\u{1F}")
  }

  // MARK: - What the critic expects

  /// The particles as states of the frontier. If the critic gives no value, the parent's prediction less the payment is
  /// used.
  private mutating func states(of particles: [Particle], after parents: [Frontier.State]?) async throws
    -> [Frontier.State]
  {
    let judged = particles.indices.filter { !particles[$0].isOver || !context.settings.search.hasVerifier }
    var beliefs: [Int: ReturnDistribution] = [:]
    if let critic = context.critic, !judged.isEmpty {
      criticCalls += judged.count
      let states = judged.map {
        CriticState(
          particles[$0].trajectory, hidingLastReward: particles[$0].isOver && !context.settings.search.hasVerifier)
      }
      let returns = try await context.returns(from: states, by: critic)
      for (place, belief) in zip(judged, returns) {
        guard let belief, Magnitude.isValue(belief.mean, besideRewardsUpTo: context.world.maximalReward) else {
          continue
        }
        beliefs[place] = belief
      }
    }
    return particles.indices.map { place in
      let trajectory = particles[place].trajectory
      guard particles[place].isOver else {
        let paid = trajectory.last?.outcome.reward ?? 0
        let inherited = parents?[place].returnToGo.shifted(by: -paid) ?? .point(0)
        return Frontier.State(
          step: trajectory.count, callsLeft: task.stepLimit - trajectory.count, reward: trajectory.reward,
          returnToGo: beliefs[place]?.spread(
            over: context.world.maximalReward,
            share: Double(task.stepLimit - trajectory.count) / Double(task.stepLimit)) ?? inherited)
      }
      let hidden = CriticState(trajectory, hidingLastReward: true).rewardSoFar
      let worth =
        context.settings.search.hasVerifier
        ? trajectory.reward : beliefs[place].map { hidden + $0.mean } ?? trajectory.reward
      return Frontier.State(finishedAfter: trajectory.count, reward: trajectory.reward, worth: worth)
    }
  }

  // MARK: - The result

  /// Closes all open episodes.
  mutating func close() async {
    for place in visited.indices {
      await visited[place].episode.close()
      (visited[place].episode, visited[place].isBehind) = (EndedEpisode(), true)
    }
  }

  /// The result so far.
  mutating func result() async throws -> PopulationResult {
    let (states, visited) = (frontier?.states ?? [], visited)
    var finished = states.indices.filter { states[$0].isFinished }
    // A trajectory that was reached several times counts as often.
    finished = finished.flatMap { Array(repeating: $0, count: states[$0].arrivals) }
    // If no attempt has finished, the result is the unfinished one with the highest reward so far.
    if finished.isEmpty, states.count > 1,
      let best = states.indices.max(by: { (states[$0].reward, $1) < (states[$1].reward, $0) })
    {
      finished = [best]
    }
    let members = finished.map { visited[$0].trajectory }
    let ends = Set(finished)
    let leaves = states.indices.filter { states[$0].children.isEmpty && !ends.contains($0) && states[$0].step > 0 }
    return PopulationResult(
      task: task,
      particles: members.isEmpty
        ? failures.suffix(1).map {
          PopulationResult.Member(
            trajectory: Trajectory(task: task, opening: Observation("")), failure: $0, logWeight: -.infinity, weight: 0)
        }
        : members.map {
          PopulationResult.Member(trajectory: $0, failure: nil, logWeight: 0, weight: 1 / Double(members.count))
        },
      bank: [],
      culled: leaves.enumerated().map { number, state in
        PopulationResult.Culled(
          place: members.count + number, step: states[state].step, trajectory: visited[state].trajectory, failure: nil)
      },
      genealogy: Genealogy(count: max(members.count, 1)),
      tree: frontier.map { SearchTree($0, visited.map(\.trajectory)) },
      softValue: nil, selection: try await selection(among: members), calls: calls, criticCalls: criticCalls,
      usage: usage, wallSeconds: seconds, criticalPathSeconds: criticalPath, replayMismatches: mismatches,
      failures: failures)
  }

  /// The finished attempt that a user without a verifier would take.
  private mutating func selection(among members: [Trajectory]) async throws -> Selection? {
    guard let critic = context.critic, !members.isEmpty else { return nil }
    let states = members.map { CriticState($0, hidingLastReward: true) }
    criticCalls += states.count
    let returns = try await context.returns(from: states, by: critic)
    return Selection(rewardsSoFar: states.map(\.rewardSoFar), returns: returns, places: Array(members.indices))
  }
}
