import Agents

/// The laws of a ``World``, on which the filter, the store and the critics rely.
///
/// ```swift
/// @Test func myWorldKeepsTheLaws() async throws {
///   try await WorldLaws(MyWorld(), actions: ["look", "go north"]).hold()
/// }
/// ```
///
/// Tasks are attempted by random walks. The same seed takes the same actions.
public struct WorldLaws: Sendable {
  let world: any World
  /// The actions to take if the world lists no choices.
  let actions: [String]
  private let seed: Seed

  /// - Parameters:
  ///   - actions: taken at random if an observation lists no choices; at least one.
  ///   - seed: the seed of the random walks.
  public init(_ world: any World, actions: [String] = ["look", "inventory", "help"], seed: UInt64 = 0) {
    precondition(!actions.isEmpty, "a walk needs an action")
    self.world = world
    self.actions = actions
    self.seed = Seed(seed).split("check")
  }

  /// Checks every law.
  ///
  /// - Parameter tasks: the tasks to attempt; nil for the first two of each split.
  /// - Throws: the broken laws. An error of the world counts as a broken law.
  public func hold(on tasks: [AgentTask]? = nil) async throws(BrokenLaws) {
    let findings: [Finding]
    do throws(WorldError) { findings = try await self.findings(on: tasks) } catch {
      findings = [Finding("errors", .wrong, "the world threw \(error.kind.rawValue): \(error.message)")]
    }
    try BrokenLaws.check(findings, of: "The world \(world.identity)")
  }

  /// Checks every law and returns the findings.
  ///
  /// - Parameter tasks: the tasks to attempt; nil for the first two of each split.
  /// - Returns: one finding for each law.
  /// - Throws: the errors of the world.
  public func findings(on tasks: [AgentTask]? = nil) async throws(WorldError) -> [Finding] {
    let walks = try await walks(through: tasks)
    var findings = [try splits(), try names(), rewards(walks), ends(walks), transcripts(walks)]
    findings.append(try await replays(walks))
    findings.append(try await copies(walks))
    return findings
  }

  // MARK: - Tasks

  /// No task occurs in two splits or twice in one. There is at least one task.
  public func splits() throws(WorldError) -> Finding {
    var owner: [TaskID: Split] = [:]
    var counts: [String] = []
    for split in Split.allCases {
      let tasks = try world.tasks(in: split)
      counts.append("\(tasks.count) \(split.rawValue)")
      for task in tasks {
        if let other = owner.updateValue(split, forKey: task.id) {
          return Finding(
            "splits", .wrong,
            "\(task.id) is in \(other.rawValue) and in \(split.rawValue); a task may be in one split only")
        }
      }
    }
    return Finding(
      "splits", owner.isEmpty ? .wrong : .fine, "\(counts.joined(separator: ", ")) tasks, each in one split")
  }

  /// ``World/tasks(in:)`` returns the same tasks in the same order each time, and ``World/task(_:)`` finds each of
  /// them.
  public func names() throws(WorldError) -> Finding {
    func wrong(_ detail: String) -> Finding { Finding("tasks", .wrong, detail) }
    for split in Split.allCases {
      let tasks = try world.tasks(in: split)
      guard try world.tasks(in: split) == tasks else {
        return wrong("tasks(in: .\(split.rawValue)) gave other tasks, or another order, in a second call")
      }
      for task in tasks.prefix(1_000) {
        guard task.stepLimit >= 1 else { return wrong("\(task.id) has a step limit of \(task.stepLimit)") }
        let found: AgentTask
        do throws(WorldError) { found = try world.task(task.id) } catch {
          guard error.kind == .unknownTask else { throw error }
          return wrong("task(\"\(task.id)\") does not find a task that tasks(in: .\(split.rawValue)) lists")
        }
        guard found == task else {
          return wrong("task(\"\(task.id)\") gives another task than tasks(in: .\(split.rawValue)) lists")
        }
      }
    }
    return Finding("tasks", .fine, "the same each time, and found by their names")
  }

  // MARK: - Rewards, ends and prompts

  /// Rewards are finite, and their sum is at most ``World/maximalReward``. Equal rewards for all walks are a warning.
  public func rewards(on tasks: [AgentTask]) async throws(WorldError) -> Finding {
    rewards(try await walks(through: tasks))
  }

  func rewards(_ walks: [Walk]) -> Finding {
    func finding(_ verdict: Finding.Verdict, _ detail: String) -> Finding { Finding("rewards", verdict, detail) }
    for walk in walks {
      if let step = walk.steps.firstIndex(where: { !$0.outcome.reward.isFinite }) {
        return finding(.wrong, "\(walk.task.id) pays \(walk.steps[step].outcome.reward) for step \(step + 1)")
      }
      if let most = world.maximalReward, walk.reward > most + 1e-9 {
        return finding(.wrong, "\(walk.task.id) paid \(walk.reward), above its maximal reward of \(most)")
      }
    }
    let rewards = walks.map(\.reward)
    guard let least = rewards.min(), let most = rewards.max() else { return finding(.warning, "no task was tried") }
    guard walks.count < 2 || most - least > 1e-9 else {
      return finding(
        .warning,
        "all \(walks.count) random walks paid \(least), so that no difference between good and bad attempts is seen. "
          + "Try more tasks or better actions, and diagnose the rollouts of a policy")
    }
    let range = "\(least) to \(most) on \(walks.count) random walks"
    return finding(.fine, world.maximalReward.map { "\(range), at most \($0)" } ?? "\(range), no maximal reward stated")
  }

  /// An episode that is done stays done: a further step throws an error. An outcome that is done and pays nothing is a
  /// warning, since it hides an agent's mistake.
  public func ends(on tasks: [AgentTask]) async throws(WorldError) -> Finding {
    ends(try await walks(through: tasks))
  }

  func ends(_ walks: [Walk]) -> Finding {
    let ended = walks.count(where: \.isDone)
    let count = "\(ended) of \(walks.count) random walks ended by themselves, the others at the step limit"
    guard let walk = walks.first(where: { $0.afterEnd?.goesOn == true }) ?? walks.first(where: { $0.afterEnd != nil })
    else { return Finding("end", .fine, count) }
    return Finding(
      "end", walk.afterEnd?.goesOn == true ? .wrong : .warning,
      "\(walk.task.id) accepts a step after its end, where an agent's mistake would not be noticed. \(count)")
  }

  /// ``World/transcript(for:)`` is a pure function of the trajectory: repeated calls in another order return the same.
  public func transcripts(on tasks: [AgentTask]) async throws(WorldError) -> Finding {
    transcripts(try await walks(through: tasks))
  }

  func transcripts(_ walks: [Walk]) -> Finding {
    for walk in walks {
      let lengths = 0...walk.steps.count
      let first = lengths.map { world.transcript(for: walk.trajectory(of: $0)) }
      for length in lengths.reversed() where world.transcript(for: walk.trajectory(of: length)) != first[length] {
        return Finding(
          "transcript", .wrong,
          "\(walk.task.id): the transcript after \(length) steps was different in a second call")
      }
    }
    return Finding("transcript", .fine, "the same for the same trajectory")
  }
}

extension Outcome {
  /// Whether an outcome after the end breaks the law: the episode continues or pays a reward.
  fileprivate var goesOn: Bool { !isDone || reward != 0 }
}

// MARK: - Random walks

/// One random attempt.
struct Walk: Sendable {
  let task: AgentTask
  let opening: Observation
  var steps: [(action: Action, outcome: Outcome)] = []
  /// The outcome of a step after the end; nil if the step was refused or the episode did not end.
  var afterEnd: Outcome?

  var reward: Double { steps.reduce(0) { $0 + $1.outcome.reward } }
  var isDone: Bool { steps.last?.outcome.isDone ?? false }

  /// The first `length` steps, as taken by a policy that answers with the bare action.
  func trajectory(of length: Int) -> Trajectory {
    Trajectory(
      task: task, opening: opening,
      steps: steps.prefix(length).map { Step(response: $0.action.text, action: $0.action, outcome: $0.outcome) })
  }
}

extension WorldLaws {
  /// Random attempts, one for each task. They provide states and requests for checking critics and policies.
  ///
  /// - Parameter tasks: the tasks to attempt; nil for the first two of each split.
  /// - Throws: the errors of the world.
  public func trajectories(on tasks: [AgentTask]? = nil) async throws(WorldError) -> [Trajectory] {
    try await walks(through: tasks).map { $0.trajectory(of: $0.steps.count) }
  }

  func walks(through tasks: [AgentTask]?) async throws(WorldError) -> [Walk] {
    let chosen: [AgentTask]
    if let tasks { chosen = tasks } else { chosen = try someTasks() }
    var walks: [Walk] = []
    for task in chosen { walks.append(try await walk(through: task)) }
    return walks
  }

  private func someTasks() throws(WorldError) -> [AgentTask] {
    var tasks: [AgentTask] = []
    for split in Split.allCases { tasks += try world.tasks(in: split).prefix(2) }
    return tasks
  }

  /// One of the choices, or a call of one of the tools, or one of the given actions.
  private func action(
    after walk: Walk, seeing observation: Observation, using generator: inout SplitMix64
  ) throws(WorldError) -> Action {
    if let world = world as? any QuestionWorld {
      let question = try world.question(after: walk.trajectory(of: walk.steps.count))
      if let call = ToolSample.action(for: question, using: &generator) { return call }
    }
    let choices = observation.choices.flatMap { $0.isEmpty ? nil : $0 } ?? actions
    return .act(choices[generator.number(below: choices.count)])
  }

  private func walk(through task: AgentTask) async throws(WorldError) -> Walk {
    var (episode, observation) = try await world.begin(task)
    var walk = Walk(task: task, opening: observation)
    var generator = seed.split(task.id.rawValue).generator()
    do throws(WorldError) {
      while walk.steps.count < task.stepLimit, !walk.isDone {
        let action = try self.action(after: walk, seeing: observation, using: &generator)
        let outcome = try await episode.step(action)
        walk.steps.append((action, outcome))
        observation = outcome.observation
      }
    } catch {
      await episode.close()
      throw error
    }
    if walk.isDone { walk.afterEnd = try? await episode.step(walk.steps[0].action) }
    await episode.close()
    return walk
  }
}
