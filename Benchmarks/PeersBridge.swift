import Agents
import Critics
import Foundation
import ParticleFilter
import Steering
import TestSupport
import Workbench

/// A world, its frozen policy and a critic behind lines of JSON, so that search libraries of other languages can be
/// compared on the same calls: `Benchmarks/peers/peers.py`.
///
/// `benchmark bridge chain TASKS SEED` serves the enumerable chain with its exact critic; `benchmark bridge CONFIGURATION
/// STORE TASKS SEED` serves a configured world with the critic that was trained beside the store.
enum PeersBridge {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  static func serve(_ arguments: [String]) async throws {
    if arguments.first == "chain" {
      let numbers = arguments.dropFirst().map { Int($0) ?? 0 }
      guard numbers.count == 2 else { throw Failure("usage: benchmark bridge chain TASKS SEED") }
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let world = ChainWorld(tellsPast: true)
      var settings = SteeringSettings(particles: 8, temperature: 0.05, schedule: .steps([4, 8]), answer: .search)
      settings.seed = UInt64(numbers[1])
      let options = Workbench.Options(
        world: Many(base: world, count: numbers[0]), policy: ChainWorld.coin, critic: ChainWorld.exactCritic,
        store: folder.appendingPathComponent("store.sqlite").path, steering: settings)
      return try await serve(options, tasks: nil)
    }
    guard arguments.count == 4, let seed = UInt64(arguments[3]) else {
      throw Failure("usage: benchmark bridge CONFIGURATION STORE TASKS SEED")
    }
    let options = try Workbench.Options(configuration: arguments[0], store: arguments[1], seed: seed)
    try await serve(options, tasks: arguments[2])
  }

  /// More tasks of the chain than the tests need.
  private struct Many: World {
    let base: ChainWorld
    let count: Int

    var identity: WorldIdentity { base.identity }
    var maximalReward: Double? { base.maximalReward }
    func tasks(in split: Split) -> [AgentTask] { (0..<count).map { base.task(number: $0) } }
    func task(_ id: TaskID) -> AgentTask { base.task(id) }
    func transcript(for trajectory: Trajectory) -> Transcript { base.transcript(for: trajectory) }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) { base.begin(task) }
  }

  private static func serve(_ options: Workbench.Options, tasks: String?) async throws {
    try await Workbench.with(options) { bench in
      let chosen = try TaskChoice(split: .test, tasks: tasks).select(from: bench.world, default: .test).tasks
      try await bench.withCritic(nil) { critic in
        guard let critic else { throw Failure("There is no critic.") }
        try await bench.source.with { policy in
          var desk = Desk(bench: bench, tasks: chosen, chosen: tasks, policy: policy, critic: critic)
          while let line = readLine() {
            let answer: Data
            do { answer = try await desk.answer(to: Data(line.utf8)) } catch {
              answer = try JSONEncoder().encode(["error": "\(error)"])
            }
            try FileHandle.standardOutput.write(contentsOf: answer + Data("\n".utf8))
          }
        }
      }
    }
  }

  /// What was asked and what was visited.
  private struct Desk {
    let bench: Workbench
    let tasks: [AgentTask]
    let chosen: String?
    let policy: any Policy
    let critic: any Critic
    private var visited: [(trajectory: Trajectory, episode: any Episode)] = []
    private var calls = 0

    init(bench: Workbench, tasks: [AgentTask], chosen: String?, policy: any Policy, critic: any Critic) {
      (self.bench, self.tasks, self.chosen, self.policy, self.critic) = (bench, tasks, chosen, policy, critic)
    }

    private struct Request: Decodable {
      let op: String
      var task: String?
      var states: [Int]?
      var method: String?
      var calls: Int?
    }

    private struct State: Encodable {
      let state: Int
      let step: Int
      let reward: Double
      let value: Double
      let done: Bool
      let text: String
    }

    mutating func answer(to line: Data) async throws -> Data {
      let request = try JSONDecoder().decode(Request.self, from: line)
      let encoder = JSONEncoder()
      switch request.op {
      case "tasks":
        struct Answer: Encodable {
          let name: String
          let tasks: [String]
          let stepLimit: Int
          let maximum: Double
        }
        return try encoder.encode(
          Answer(
            name: bench.world.identity.kind, tasks: tasks.map(\.id.rawValue),
            stepLimit: tasks.map(\.stepLimit).max() ?? 1, maximum: bench.world.maximalReward ?? 1))
      case "open":
        guard let task = tasks.first(where: { $0.id.rawValue == request.task }) else {
          throw Failure("There is no task \(request.task ?? "").")
        }
        // The states of the last task are not needed any more.
        for place in visited.indices {
          await visited[place].episode.close()
        }
        visited = []
        let (episode, opening) = try await bench.world.begin(task)
        visited.append((Trajectory(task: task, opening: opening), episode))
        return try encoder.encode(try await states([0])[0])
      case "extend":
        let children = try await extend(request.states ?? [])
        return try encoder.encode(["children": try await states(children)])
      case "calls": return try encoder.encode(["calls": calls])
      case "run": return try await run(request)
      default: throw Failure("There is no op \(request.op).")
      }
    }

    private mutating func extend(_ parents: [Int]) async throws -> [Int] {
      guard parents.allSatisfy(visited.indices.contains) else { throw Failure("There is no such state.") }
      let requests = parents.enumerated().map { offset, parent in
        let trajectory = visited[parent].trajectory
        let seed = Seed(bench.configuration.steering.seed).split("peers").split(calls + offset)
        let key = CallKey(
          run: "peers", task: trajectory.task.id, particle: calls + offset, step: trajectory.count)
        return PolicyRequest(after: trajectory, in: bench.world, format: policy.format, seed: seed, key: key)
      }
      calls += parents.count
      let answers = try await withThrowingTaskGroup(of: (Int, PolicyResponse).self) { [policy] group in
        for (place, request) in requests.enumerated() {
          group.addTask { (place, try await policy.respond(to: request)) }
        }
        return try await group.reduce(into: [Int: PolicyResponse]()) { $0[$1.0] = $1.1 }
      }
      var children: [Int] = []
      for (place, parent) in parents.enumerated() {
        guard let answer = answers[place] else { continue }
        let request = requests[place]
        var (trajectory, _) = visited[parent]
        guard var episode = try await visited[parent].episode.fork() else {
          throw Failure("The world \(bench.world.identity.kind) cannot copy itself.")
        }
        let action = policy.format.action(in: answer.text, choices: request.choices, tools: request.tools)
        trajectory.append(
          Step(response: answer.text, action: action, outcome: try await episode.step(action)))
        visited.append((trajectory, episode))
        children.append(visited.count - 1)
      }
      return children
    }

    private func states(_ places: [Int]) async throws -> [State] {
      let open = places.filter { !visited[$0].trajectory.isFinished }
      let beliefs = try await critic.returnsToGo(from: open.map { CriticState(visited[$0].trajectory) })
      let values = Dictionary(zip(open, beliefs.map { $0?.mean ?? 0 })) { first, _ in first }
      return places.map { place in
        let trajectory = visited[place].trajectory
        return State(
          state: place, step: trajectory.count, reward: trajectory.reward, value: values[place] ?? 0,
          done: trajectory.isFinished, text: trajectory.last?.action.text ?? "")
      }
    }

    /// One of the project's own methods on all tasks under one budget.
    private func run(_ request: Request) async throws -> Data {
      guard let method = request.method.flatMap(Steering.Method.init(rawValue:)) else {
        throw Failure("There is no method \(request.method ?? "").")
      }
      var steer = SteerRequest(TaskChoice(split: .test, tasks: chosen))
      steer.method = method
      steer.search.calls = request.calls.map { max($0 / max(tasks.count, 1), 1) }
      // A beam of eight that keeps two at every step.
      if method == .beam { steer.schedule = .effectiveSampleSize(below: 1) }
      let summary = try await bench.steer(steer)
      struct Answer: Encodable {
        let method: String
        let rewardBest: [Double]
        let calls: Int
      }
      return try JSONEncoder().encode(
        Answer(
          method: method.rawValue, rewardBest: summary.perTask.map { $0.rewardBest ?? 0 },
          calls: summary.policyCalls))
    }
  }
}
