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
  /// The critic's prediction for the root; nil if it gave none.
  private var rootBelief: ReturnDistribution?
  /// The number of answers that each state has used.
  private var used: [Int: Int] = [:]
  /// The answers so far.
  private var answers: [Question: PolicyResponse] = [:]
  private var generator: SplitMix64
  private var calls = 0
  private var usage = Usage()
  private var criticCalls = 0
  private var criticalPath = 0.0
  private var seconds = 0.0
  private var mismatches = 0
  private var failures: [AttemptFailure] = []
  /// When the tree so far was stored last.
  private var storedAt = ContinuousClock.now

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
    while spent < allotment, !isOver,
      let asked = try await extend(min(context.settings.search.width, allotment - spent))
    {
      spent += asked
      try await storeTree()
    }
    return spent
  }

  /// Stores the tree so far about once a second, for those who look at it meanwhile.
  private mutating func storeTree() async throws {
    guard let store = context.store, let frontier, ContinuousClock.now - storedAt > .seconds(1) else { return }
    storedAt = .now
    try await store.save(tree: SearchTree(frontier, visited.map(\.trajectory)), run: context.run, task: task.id)
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
    let request: PolicyRequest
    let question: Question
    var answer: PolicyResponse?
    var seconds = 0.0
  }

  /// One of the answers to one prompt.
  private struct Question: Hashable, Sendable {
    let prompt: String
    let number: Int
  }

  /// Extends up to `width` states concurrently.
  ///
  /// States with the same prompt share its answers: the n-th answer to a prompt gives the n-th child of each of them. The
  /// prompt alone decides the distribution of the answers, so that the children of each state are independent draws, and
  /// no prompt is paid for again.
  ///
  /// - Returns: the number of calls, failed ones included; nil if no state was chosen.
  private mutating func extend(_ width: Int) async throws -> Int? {
    guard var frontier else { return nil }
    let chosen = frontier.choose(width, using: &generator)
    guard !chosen.isEmpty else { return nil }
    var (extensions, used) = ([Extension](), used)
    for choice in chosen {
      let state = frontier.choices[choice].state
      let particle = try await departure(from: state)
      let request = try await particle.request(in: context, at: choice)
      // States whose predictions equal the root's belong to independent attempts, which share nothing.
      let prompt = frontier.states[state].isToldApart ? request.digest : "state \(state)"
      let question = Question(prompt: prompt, number: used[state, default: 0])
      used[state, default: 0] += 1
      extensions.append(
        Extension(
          choice: choice, particle: particle, request: request, question: question, answer: answers[question]))
    }
    let asked = try await ask(&extensions)
    extensions = try await eachAtOnce(extensions) { [context] part in
      guard let answer = part.answer, part.particle.failure == nil else { return }
      let segment = Segment(context, end: part.particle.trajectory.count + 1)
      try await part.particle.take(answer, to: part.request, in: segment, at: part.choice)
    }
    criticalPath += extensions.map(\.seconds).max() ?? 0
    // In the order of the choices, so that the result does not depend on timing.
    var fresh: [Child] = []
    for part in extensions {
      let parent = frontier.choices[part.choice].state
      calls += part.particle.calls
      usage += part.particle.usage
      mismatches += part.particle.mismatches
      if let answer = part.answer { answers[part.question] = answer }
      if let failure = part.particle.failure {
        failures.append(failure)
        frontier.fail(for: part.choice)
        // The next draw asks for the same answer again.
        if part.answer == nil { used[parent, default: 0] -= 1 }
      } else {
        let key = Self.key(of: part.particle.trajectory)
        let isNew =
          frontier.states[parent].children[key] == nil && !fresh.contains { $0.key == key && $0.parent == parent }
        fresh.append(Child(choice: part.choice, parent: parent, key: key, particle: part.particle, isNew: isNew))
      }
    }
    try await add(fresh, to: &frontier)
    self.used = used
    self.frontier = frontier
    return asked
  }

  /// Asks for the missing answers, for each once.
  ///
  /// - Returns: the number of calls.
  private func ask(_ extensions: inout [Extension]) async throws -> Int {
    var askers: [Question: Int] = [:]
    for place in extensions.indices where extensions[place].answer == nil {
      if askers[extensions[place].question] == nil { askers[extensions[place].question] = place }
    }
    let places = askers.values.sorted()
    let asked = try await eachAtOnce(places.map { extensions[$0] }) { [context] part in
      part.answer = try await part.particle.answer(to: part.request, in: context)
    }
    for (place, part) in zip(places, asked) { extensions[place] = part }
    for place in extensions.indices where extensions[place].answer == nil {
      guard let asker = askers[extensions[place].question], asker != place else { continue }
      extensions[place].answer = extensions[asker].answer
      extensions[place].particle.failure = extensions[asker].particle.failure
    }
    return places.count
  }

  /// Works on all parts concurrently. On an error all episodes are closed, and the error of the first choice is thrown.
  private func eachAtOnce(
    _ parts: [Extension], _ body: @escaping @Sendable (inout Extension) async throws -> Void
  ) async throws -> [Extension] {
    let done = await withTaskGroup(of: (place: Int, part: Extension, error: (any Error)?).self) { group in
      for (place, part) in parts.enumerated() {
        group.addImmediateTask {
          let start = ContinuousClock.now
          var part = part
          do { try await body(&part) } catch { return (place, part, error) }
          part.seconds += (ContinuousClock.now - start).inSeconds
          return (place, part, nil)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }.sorted { $0.place < $1.place }
    if let error = done.lazy.compactMap(\.error).first {
      for result in done { await result.part.particle.episode.close() }
      throw error
    }
    return done.map(\.part)
  }

  /// What an answer led to.
  private struct Child: Sendable {
    let choice: Int
    let parent: Int
    let key: String
    var particle: Particle
    /// Whether its parent has no such child yet.
    let isNew: Bool
  }

  /// Adds the children to the frontier with the critic's predictions. The critic is not asked again about known
  /// children.
  private mutating func add(_ children: [Child], to frontier: inout Frontier) async throws {
    let new = children.filter(\.isNew)
    let states = try await states(of: new.map(\.particle), after: new.map { frontier.states[$0.parent] })
    let predicted = Dictionary(uniqueKeysWithValues: zip(new.map(\.choice), states))
    for child in children {
      // Of a known child only the key is used.
      let state = predicted[child.choice] ?? Frontier.State(finishedAfter: 0, reward: 0, worth: -.infinity)
      let isAdded = frontier.add(state, key: child.key, for: child.choice) != nil
      var particle = child.particle
      if !isAdded || particle.isOver {
        if isAdded { mismatches += await particle.episode.recoveryMismatches }
        await particle.episode.close()
        (particle.episode, particle.isBehind) = (EndedEpisode(), true)
      }
      if isAdded { visited.append(particle) }
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

  /// The key that distinguishes the children of a state.
  private static func key(of trajectory: Trajectory) -> String {
    guard let last = trajectory.last else { return "" }
    // Questions of programs may differ in times and names that mean nothing.
    let seen = last.outcome.observation.question?.digest ?? last.outcome.observation.text
    return [last.action.text, seen, String(last.outcome.reward)].joined(separator: "\u{1F}")
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
    if parents == nil { rootBelief = beliefs[0] }
    return particles.indices.map { place in
      let trajectory = particles[place].trajectory
      guard particles[place].isOver else {
        let paid = trajectory.last?.outcome.reward ?? 0
        let inherited = parents?[place].returnToGo.shifted(by: -paid) ?? .point(0)
        // A prediction like the root's is not spread differently, so that a constant critic tells no states apart.
        let left = beliefs[place] == rootBelief ? task.stepLimit : task.stepLimit - trajectory.count
        let share = Double(left) / Double(max(task.stepLimit, 1))
        return Frontier.State(
          step: trajectory.count, callsLeft: task.stepLimit - trajectory.count, reward: trajectory.reward,
          returnToGo: beliefs[place]?.spread(over: context.world.maximalReward, share: share) ?? inherited)
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
      mismatches += await visited[place].episode.recoveryMismatches
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
