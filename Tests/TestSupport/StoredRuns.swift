import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering

/// A store with something of every kind that a reader may look at: rollouts with failures, a steered population with
/// a cull and a clone, a frontier search, and a task that is still under way.
package struct StoredRuns: Sendable {
  package static let world = WorldIdentity(kind: "lab", rules: "rules of the lab")
  package static let collect = "c011ec7000000000", steer = "57ee700000000000", frontier = "f207000000000000"

  /// Changes every text, for tests of hostile ones.
  package var text: @Sendable (String) -> String
  package init(_ text: @escaping @Sendable (String) -> String = { $0 }) { self.text = text }

  package func task(_ name: String) -> AgentTask {
    AgentTask(id: TaskID(name), request: text("Melt the ice of \(name)."), stepLimit: 4)
  }

  package func record(_ id: String, _ verb: String, _ method: Method, isPrior: Bool) throws -> RunRecord {
    let settings = SteeringSettings(method: method, particles: 3, temperature: 0.1)
    return RunRecord(
      id: id, verb: verb, method: method.rawValue, environment: Self.world, policy: text("the policy"), format: .react,
      critic: isPrior ? nil : "trees", isPrior: isPrior, seed: 1,
      settings: String(decoding: try JSONEncoder().encode(settings), as: UTF8.self))
  }

  private func step(_ action: String, reward: Double = 0, isDone: Bool = false) -> Step {
    var outcome = Outcome(Observation(text("You see \(action).")), reward: reward, isDone: isDone)
    outcome.rewards = reward > 0 ? ["heat": reward] : [:]
    return Step(
      response: "Thought: \(text("I should \(action)"))\nAction: \(text(action))", action: .act(text(action)),
      outcome: outcome)
  }

  private func trajectory(_ task: AgentTask, _ actions: [String], reward: Double) -> Trajectory {
    Trajectory(
      task: task, opening: Observation(text("A lab.")),
      steps: actions.enumerated().map {
        step($1, reward: $0 == actions.count - 1 ? reward : 0, isDone: $0 == actions.count - 1)
      })
  }

  /// Stores a call with its prompt.
  package func call(
    _ store: RolloutStore, _ run: String, _ task: AgentTask, particle: Int, step: Int, action: String
  ) async throws {
    try await store.record(
      AnswerRecord(
        key: CallKey(run: run, task: task.id, particle: particle, step: step), promptDigest: "",
        response: PolicyResponse(
          "Thought: \(text("I should \(action)"))\nAction: \(text(action))",
          reasoning: text("reasoning about \(action)"),
          usage: Usage(inputTokens: 100, cachedInputTokens: 20, outputTokens: 10), attempts: 2),
        seconds: 0.25,
        prompt: [
          PromptPart(.instructions, text("You are in a lab.")),
          PromptPart(.prompt, text("Seen before step \(step + 1).")),
        ]))
  }

  private func calls(
    _ store: RolloutStore, _ run: String, _ task: AgentTask, particle: Int, _ actions: [String], from first: Int = 0
  )
    async throws
  {
    for (step, action) in actions.enumerated() {
      try await call(store, run, task, particle: particle, step: first + step, action: action)
    }
  }

  /// Writes everything but the task under way. The store is closed again.
  package func write(to path: String) async throws {
    let store = try RolloutStore(path: path)
    try await store.begin(try record(Self.collect, "collect", .bestOf, isPrior: true))
    try await store.begin(try record(Self.steer, "steer", .amc, isPrior: false))
    try await store.begin(try record(Self.frontier, "steer", .frontier, isPrior: false))
    for number in 0..<5 {
      let task = task("task-\(number)")
      try await store.note([task], split: .train, of: Self.world)
      let good = ["look", "heat \(number)"]
      try await calls(store, Self.collect, task, particle: 0, good)
      try await calls(store, Self.collect, task, particle: 1, ["look", "wait"])
      let failure = number == 3 ? AttemptFailure(.environmentFailed, text("the world was lost")) : nil
      try await store.save(
        run: Self.collect, task: task,
        trajectories: [
          TrajectoryRecord(particle: 0, trajectory: trajectory(task, good, reward: Double(number) / 4)),
          TrajectoryRecord(particle: 1, trajectory: trajectory(task, ["look", "wait"], reward: 0), failure: failure),
        ])
    }
    try await population(store)
    try await search(store)
  }

  /// At the checkpoint after step 1 particle 0 was culled for a copy of particle 1.
  private func population(_ store: RolloutStore) async throws {
    let task = task("melt/1")
    try await store.note([task], split: .test, of: Self.world)
    try await calls(store, Self.steer, task, particle: 0, ["break", "melt", "pour"])
    try await calls(store, Self.steer, task, particle: 1, ["take", "heat"])
    try await calls(store, Self.steer, task, particle: 2, ["wait", "wait"])
    let checkpoint = Checkpoint(
      step: 1, logWeights: LogWeights([-6, 0, -1]), softValues: [0.125, 0.625, 0.5], ancestors: [1, 1, 2],
      logEvidence: 0)
    let genealogy = Genealogy(count: 3, checkpoints: [checkpoint])
    try await store.save(
      culled: [
        TrajectoryRecord(
          particle: 0, standing: .culled(after: 1),
          trajectory: Trajectory(task: task, opening: Observation(text("A lab.")), steps: [step("break")]))
      ], run: Self.steer, task: task, genealogy: genealogy)
    try await store.save(
      run: Self.steer, task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: trajectory(task, ["take", "melt", "pour"], reward: 1), logWeight: 0),
        TrajectoryRecord(particle: 1, trajectory: trajectory(task, ["take", "heat"], reward: 0.5), logWeight: -1),
        TrajectoryRecord(particle: 2, trajectory: trajectory(task, ["wait", "wait"], reward: 0), logWeight: -3),
      ], genealogy: genealogy, stored: [(0, .culled(after: 1))])
  }

  private func search(_ store: RolloutStore) async throws {
    let task = task("search-1")
    try await store.note([task], split: .test, of: Self.world)
    try await calls(store, Self.frontier, task, particle: 0, ["look"])
    try await calls(store, Self.frontier, task, particle: 1, ["heat"], from: 1)
    let tree = try JSONDecoder().decode(
      SearchTree.self,
      from: Data(
        """
        {"nodes": [{"step": 0, "action": "", "reward": 0, "expected": 0.25, "isFinished": false},
          {"parent": 0, "step": 1, "action": \(JSONValue.text(text("look")).json), "reward": 0, "expected": 0.75, "isFinished": false},
          {"parent": 1, "step": 2, "action": \(JSONValue.text(text("heat")).json), "reward": 1, "expected": 1, "isFinished": true}],
         "choices": [{"state": 0, "improvement": 0.5, "child": 1}, {"state": 1, "improvement": 0.25, "child": 2}]}
        """.utf8))
    try await store.save(
      run: Self.frontier, task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: trajectory(task, ["look", "heat"], reward: 1), logWeight: 0)
      ],
      tree: tree)
  }

  /// Begins a task that has no trajectories: particle 0 has taken two steps, particle 1 one.
  package func begin(_ store: RolloutStore, _ name: String = "under-way") async throws -> AgentTask {
    let task = task(name)
    try await store.begin(try record(Self.collect, "collect", .bestOf, isPrior: true))
    try await store.note([task], split: .train, of: Self.world)
    try await calls(store, Self.collect, task, particle: 0, ["look", "take"])
    try await calls(store, Self.collect, task, particle: 1, ["wait"])
    return task
  }

  /// Stores the trajectories of that task.
  package func end(_ store: RolloutStore, _ task: AgentTask) async throws {
    try await calls(store, Self.collect, task, particle: 0, ["heat"], from: 2)
    try await store.save(
      run: Self.collect, task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: trajectory(task, ["look", "take", "heat"], reward: 1)),
        TrajectoryRecord(particle: 1, trajectory: trajectory(task, ["wait"], reward: 0)),
      ])
  }
}
