import Agents

/// Checks a world without a model: ``WorldLaws``, and whether a policy is shown the choices.
public struct WorldCheck: Sendable {
  private let world: any World
  private let laws: WorldLaws

  /// - Parameters:
  ///   - actions: taken at random if an observation lists no choices; at least one.
  ///   - seed: the seed of the random walks.
  public init(_ world: any World, actions: [String] = ["look", "inventory", "help"], seed: UInt64 = 0) {
    self.world = world
    laws = WorldLaws(world, actions: actions, seed: seed)
  }

  /// Takes a random walk through each task, repeats it by a replay and through a fork, and compares the outcomes.
  ///
  /// - Throws: errors that prevent the check.
  public func run(_ tasks: [AgentTask]) async throws(WorldError) -> [Finding] {
    var findings = [try laws.splits(), try laws.names()]
    let walks = try await laws.walks(through: tasks)
    findings.append(laws.rewards(walks))
    if let choices = choices(walks) { findings.append(choices) }
    // Runs never step after the end, so a violation is only a warning.
    findings.append(laws.ends(walks).softened())
    findings.append(laws.transcripts(walks))
    findings.append(try await laws.replays(walks))
    findings.append(try await laws.copies(walks))
    // In a conversation an answer without a call is an answer like any other.
    if let task = tasks.first, !(world is any QuestionWorld) { findings.append(try await strangeActions(in: task)) }
    return findings
  }

  /// Whether the prompt names the choices. A policy whose server does not enforce them has to read them. nil if no task
  /// begins with choices.
  private func choices(_ walks: [Walk]) -> Finding? {
    guard let walk = walks.first(where: { $0.opening.choices?.isEmpty == false }) else { return nil }
    let isNamed = world.transcript(for: walk.trajectory(of: 0)).names(walk.opening.choices ?? [])
    return Finding(
      "choices", isNamed ? .fine : .warning,
      isNamed
        ? "named in the prompt"
        : "the prompt does not name them: only a policy whose server enforces the choices can find them")
  }

  private func strangeActions(in task: AgentTask) async throws(WorldError) -> Finding {
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
    return Finding(
      "invalid actions", silent == 0 ? .fine : .warning,
      silent == 0
        ? "are marked as invalid, and cause no crash"
        : "cause no crash, but \(silent) of \(strange.count) are not marked as invalid")
  }
}
