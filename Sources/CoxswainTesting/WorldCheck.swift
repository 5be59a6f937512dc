import Agents

/// Checks a world without a model: disjoint splits, finite rewards below the maximum, ends, deterministic replays,
/// independent forks, and the handling of invalid actions.
///
/// ```swift
/// var check = WorldCheck(world)
/// for finding in try await check.run(try world.tasks(in: .train)) where finding.verdict != .fine {
///   print(finding.name, finding.detail)
/// }
/// ```
public struct WorldCheck: Sendable {
  /// How serious a finding is: `wrong` breaks steering, `warning` may be intended.
  public enum Verdict: String, Sendable, Codable { case fine, warning, wrong }

  /// The result of one check.
  public struct Finding: Sendable, Codable {
    /// The check, such as `splits`, `rewards` or `forks`.
    public let name: String
    /// Whether the world passed.
    public let verdict: Verdict
    /// What was seen, with the task concerned.
    public let detail: String
  }

  private let world: any World
  /// What is tried where a world lists no choices.
  private let actions: [String]
  private let seed: Seed
  private var findings: [Finding] = []

  /// - Parameters:
  ///   - actions: the actions to draw from where the world lists none.
  ///   - seed: decides the random walks.
  public init(_ world: any World, actions: [String] = ["look", "inventory", "help"], seed: UInt64 = 0) {
    self.world = world
    self.actions = actions
    self.seed = Seed(seed).split("check")
  }

  /// Takes a random walk through each task, repeats it by a replay and through a fork, and compares.
  ///
  /// - Throws: ``WorldError`` if the world cannot be run at all.
  public mutating func run(_ tasks: [AgentTask]) async throws(WorldError) -> [Finding] {
    findings = []
    try checkSplits()
    var walks: [Walk] = []
    for task in tasks { walks.append(try await walk(task)) }
    checkRewards(walks)
    checkChoices(walks)
    checkEnds(walks)
    try await checkReplay(walks)
    try await checkForks(walks)
    try await checkStrangeActions(walks)
    return findings
  }

  // MARK: - A random walk

  private struct Walk {
    let task: AgentTask
    let opening: Observation
    var steps: [(action: Action, outcome: Outcome)] = []
    /// A step after the end was not refused.
    var acceptsMore = false

    var reward: Double { steps.reduce(0) { $0 + $1.outcome.reward } }
    var isDone: Bool { steps.last?.outcome.isDone ?? false }
  }

  private func walk(_ task: AgentTask) async throws(WorldError) -> Walk {
    var (episode, observation) = try await world.begin(task)
    var walk = Walk(task: task, opening: observation)
    var generator = seed.split(task.id.rawValue).generator()
    do throws(WorldError) {
      while walk.steps.count < task.stepLimit, !walk.isDone {
        let choices = observation.choices.flatMap { $0.isEmpty ? nil : $0 } ?? actions
        let action = Action.act(choices[generator.number(below: choices.count)])
        let outcome = try await episode.step(action)
        walk.steps.append((action, outcome))
        observation = outcome.observation
      }
    } catch {
      await episode.close()
      throw error
    }
    if walk.isDone, (try? await episode.step(walk.steps[0].action)) != nil {
      walk.acceptsMore = true
    }
    await episode.close()
    return walk
  }

  // MARK: - What is checked

  private mutating func checkSplits() throws(WorldError) {
    var owner: [TaskID: Split] = [:]
    var counts: [String] = []
    for split in Split.allCases {
      let tasks = try world.tasks(in: split)
      counts.append("\(tasks.count) \(split.rawValue)")
      for task in tasks {
        if let other = owner.updateValue(split, forKey: task.id) {
          return note(
            "splits", .wrong, "\(task.id) is in \(other.rawValue) and in \(split.rawValue); splits are by task")
        }
      }
    }
    note("splits", owner.isEmpty ? .wrong : .fine, "\(counts.joined(separator: ", ")) tasks, each in one split")
  }

  private mutating func checkRewards(_ walks: [Walk]) {
    for walk in walks {
      if let step = walk.steps.firstIndex(where: { !$0.outcome.reward.isFinite }) {
        return note("rewards", .wrong, "\(walk.task.id) pays \(walk.steps[step].outcome.reward) for step \(step + 1)")
      }
      if let most = world.maximalReward, walk.reward > most + 1e-9 {
        return note("rewards", .wrong, "\(walk.task.id) paid \(walk.reward), above its maximal reward of \(most)")
      }
    }
    let rewards = walks.map(\.reward)
    guard let least = rewards.min(), let most = rewards.max() else { return }
    guard walks.count < 2 || most - least > 1e-9 else {
      return note(
        "rewards", .warning,
        "all \(walks.count) random walks paid \(least): whether this world tells a good attempt from a bad one is not seen. "
          + "Try more tasks or better actions, and diagnose the rollouts of a policy")
    }
    let range = "\(least) to \(most) on \(walks.count) random walks"
    note("rewards", .fine, world.maximalReward.map { "\(range), at most \($0)" } ?? "\(range), no maximum named")
  }

  /// A policy that is not held to the choices by its server has to read them.
  private mutating func checkChoices(_ walks: [Walk]) {
    guard let walk = walks.first(where: { $0.opening.choices?.isEmpty == false }) else { return }
    let transcript = world.transcript(for: Trajectory(task: walk.task, opening: walk.opening))
    let isNamed = transcript.names(walk.opening.choices ?? [])
    note(
      "choices", isNamed ? .fine : .warning,
      isNamed
        ? "named in the prompt"
        : "the prompt does not name them: only a policy that its server holds to the choices can know them")
  }

  private mutating func checkEnds(_ walks: [Walk]) {
    let ended = walks.count(where: \.isDone)
    if let task = walks.first(where: \.acceptsMore)?.task {
      note("end", .warning, "\(task.id) accepts a step after its end: an agent's mistake would go unnoticed there")
    }
    note("end", .fine, "\(ended) of \(walks.count) random walks ended by themselves, the others at the step limit")
  }

  private mutating func checkReplay(_ walks: [Walk]) async throws(WorldError) {
    var texts = 0
    for walk in walks {
      var (episode, opening) = try await world.begin(walk.task)
      if opening != walk.opening { texts += 1 }
      for (number, step) in walk.steps.enumerated() {
        let outcome = try await episode.step(step.action)
        if outcome.observation != step.outcome.observation { texts += 1 }
        if outcome.reward != step.outcome.reward || outcome.isDone != step.outcome.isDone {
          await episode.close()
          return note(
            "replay", .wrong,
            "\(walk.task.id): the same actions paid \(outcome.reward) instead of \(step.outcome.reward) at step \(number + 1), or ended otherwise"
          )
        }
      }
      await episode.close()
    }
    note(
      "replay", texts == 0 ? .fine : .warning,
      texts == 0
        ? "the same actions have the same observations, rewards and ends"
        : "the same actions pay the same, but \(texts) observations read otherwise")
  }

  private mutating func checkForks(_ walks: [Walk]) async throws(WorldError) {
    guard let walk = walks.max(by: { $0.steps.count < $1.steps.count }), !walk.steps.isEmpty else { return }
    let half = walk.steps.count / 2
    var (episode, _) = try await world.begin(walk.task)
    for step in walk.steps[..<half] { _ = try await episode.step(step.action) }
    guard var copy = try await episode.fork() else {
      await episode.close()
      return note("fork", .fine, "by replay: the world cannot copy itself")
    }
    // The original goes on to its end before the copy takes a step.
    for step in walk.steps[half...] { _ = try await episode.step(step.action) }
    await episode.close()
    for step in walk.steps[half...] {
      let outcome = try await copy.step(step.action)
      guard outcome.reward == step.outcome.reward, outcome.isDone == step.outcome.isDone else {
        await copy.close()
        return note("fork", .wrong, "\(walk.task.id): a copy went on otherwise than its original after step \(half)")
      }
    }
    await copy.close()
    note("fork", .fine, "by copy, independent of its original")
  }

  private mutating func checkStrangeActions(_ walks: [Walk]) async throws(WorldError) {
    guard let task = walks.first?.task else { return }
    var silent = 0
    let strange: [Action] = [
      .unparsable("I do not know what to do."), .act(""), .act("\u{1B}[2J\n\"'{}[]\\"),
      .act(String(repeating: "x", count: 10_000)),
    ]
    for action in strange {
      var (episode, _) = try await world.begin(task)
      let outcome = try await episode.step(action)
      if !outcome.isInvalid { silent += 1 }
      await episode.close()
    }
    note(
      "invalid actions", silent == 0 ? .fine : .warning,
      silent == 0
        ? "are told so, and cost no crash"
        : "cost no crash, but \(silent) of \(strange.count) are not marked as invalid")
  }

  private mutating func note(_ name: String, _ verdict: Verdict, _ detail: String) {
    findings.append(Finding(name: name, verdict: verdict, detail: detail))
  }
}
