import Agents
import GRDB
import ParticleFilter

/// An attempt whose trajectory is not stored yet, from its calls. Trajectories are stored when their task is done;
/// every answer is stored at once.
package struct RunningAttempt: Sendable {
  /// The place in the population. For a frontier search the state that was reached, by its number in the tree.
  package let particle: Int
  /// The steps so far. In worlds of this process rewards are not stored before the end, and are 0.
  package let trajectory: Trajectory
  /// Whether the rewards and observations of the steps are known.
  package let hasOutcomes: Bool
  /// The call of each step.
  package let calls: [StoredCall]
  /// The critic's values by the number of steps taken.
  package let values: [Int: Double]

  /// Whether the outcome of the last step is not stored.
  package var waits: Bool { trajectory.count > 0 && !hasOutcomes }
}

extension RolloutStore {
  /// The attempts at a task whose trajectories are not stored.
  ///
  /// - Parameter task: as the store has it.
  package func runningAttempts(of task: AgentTask, in run: RunRecord) async throws(StoreError) -> [RunningAttempt] {
    let stored = try await finalPlaces(run: run.id, task: task.id)
    if run.method == "frontier" {
      return stored == nil ? try await growing(task, in: run) : []
    }
    let calls = try await calls(run: run.id, task: task.id)
    let last = calls.map(\.answer.key.particle).max() ?? -1
    let open = Array(((stored ?? -1) + 1)..<max(last + 1, (stored ?? -1) + 1))
    guard !open.isEmpty else { return [] }
    let genealogy = try await genealogy(run: run.id, task: task.id)
    let record = try await Recorded(calls, outcomes(run: run.id, task: task.id), run.format)
    return open.compactMap { place in
      let lineage = Lineage(ofPlace: place, in: genealogy)
      var places: [(particle: Int, step: Int)] = []
      while record.hasCall(lineage.place(atStep: places.count), places.count) {
        places.append((lineage.place(atStep: places.count), places.count))
      }
      return record.attempt(of: task, particle: place, places, values: lineage.values)
    }
  }

  /// What the agent saw before each of some calls, from their prompts: worlds of the run's own process store no
  /// outcomes before the end. nil where a call has no prompt.
  package func observations(before calls: [StoredCall]) async throws(StoreError) -> [String?] {
    var seen: [String?] = []
    for call in calls { seen.append(try await prompt(of: call.answer.key)?.last { $0.role == .prompt }?.text) }
    return seen
  }

  /// The largest place of a stored final trajectory; nil if there is none.
  private func finalPlaces(run: String, task: TaskID) async throws(StoreError) -> Int? {
    try await read("look for trajectories of \(task)") { database in
      try Int.fetchOne(
        database,
        sql: "SELECT MAX(particle) FROM trajectory WHERE run = ? AND task = ? AND standing = 'final'",
        arguments: [run, task.rawValue])
    }
  }

  /// The attempts of a frontier search that goes on: the states without a child.
  private func growing(_ task: AgentTask, in run: RunRecord) async throws(StoreError) -> [RunningAttempt] {
    let calls = try await calls(run: run.id, task: task.id)
    let record = try await Recorded(calls, outcomes(run: run.id, task: task.id), run.format)
    guard let tree = try await tree(run: run.id, task: task.id) else {
      return calls.compactMap { call in
        let key = call.answer.key
        return key.step == 0 ? record.attempt(of: task, particle: key.particle, [(key.particle, 0)], values: [:]) : nil
      }
    }
    let parents = Set(tree.nodes.compactMap(\.parent))
    return tree.nodes.indices.dropFirst().filter { !parents.contains($0) }.compactMap { leaf in
      record.attempt(
        of: task, particle: leaf, tree.places(of: leaf), values: tree.values(of: tree.path(to: leaf)))
    }
  }
}

/// The calls and outcomes of a task by their places.
private struct Recorded {
  private struct Place: Hashable {
    let particle: Int
    let step: Int
  }

  private let calls: [Place: StoredCall]
  private let outcomes: [Place: OutcomeRecord]
  private let opening: Observation?
  private let format: ActionFormat

  init(_ calls: [StoredCall], _ outcomes: [OutcomeRecord], _ format: ActionFormat) {
    func place(_ key: CallKey) -> Place { Place(particle: key.particle, step: key.step) }
    self.calls = Dictionary(calls.map { (place($0.answer.key), $0) }, uniquingKeysWith: { $1 })
    self.outcomes = Dictionary(outcomes.map { (place($0.key), $0) }, uniquingKeysWith: { $1 })
    opening = outcomes.first { $0.key.particle == 0 && $0.key.step == 0 }?.outcome.observation
    self.format = format
  }

  func hasCall(_ particle: Int, _ step: Int) -> Bool { calls[Place(particle: particle, step: step)] != nil }

  /// nil without a call.
  func attempt(
    of task: AgentTask, particle: Int, _ places: [(particle: Int, step: Int)], values: [Int: Double]
  ) -> RunningAttempt? {
    var trajectory = Trajectory(task: task, opening: opening ?? Observation(""))
    var (own, known) = ([StoredCall](), 0)
    for place in places {
      guard let call = calls[Place(particle: place.particle, step: place.step)] else { break }
      let outcome = outcomes[Place(particle: place.particle, step: place.step + 1)]
      let response = call.answer.response
      let action =
        outcome?.action ?? format.action(in: response.text, choices: trajectory.observation.choices).text
      var step = Step(
        response: response.text, action: .act(action), outcome: outcome?.outcome ?? Outcome(Observation("")))
      step.continuation = response.continuation
      trajectory.append(step)
      own.append(call)
      known += outcome == nil ? 0 : 1
    }
    guard !own.isEmpty else { return nil }
    return RunningAttempt(
      particle: particle, trajectory: trajectory, hasOutcomes: known == own.count, calls: own, values: values)
  }
}
