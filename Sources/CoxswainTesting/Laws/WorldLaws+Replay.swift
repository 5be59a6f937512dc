import Agents
import WorldKit

/// An outcome that is compared exactly. The choices are compared, too, as part of the observation.
private struct Exact: ReplayedStep {
  let outcome: Outcome

  var seen: Observation { outcome.observation }
  var reward: Double { outcome.reward }
  var isDone: Bool { outcome.isDone }
}

extension ReplayComparison {
  fileprivate mutating func compare(exactly replayed: Outcome, with recorded: Outcome) -> Verdict {
    compare(Exact(outcome: replayed), with: Exact(outcome: recorded))
  }
}

extension WorldLaws {
  /// A task begins the same way each time, and the same actions have the same outcomes in a fresh episode. Texts in
  /// another order are a warning, and so is a walk that pays nothing: its replay shows nothing about rewards.
  public func replays(on tasks: [AgentTask]) async throws(WorldError) -> Finding {
    try await replays(try await walks(through: tasks))
  }

  func replays(_ walks: [Walk]) async throws(WorldError) -> Finding {
    var comparison = ReplayComparison(tolerance: 0)
    var openings = ReplayComparison()
    var otherOpenings = 0
    for walk in walks {
      var (episode, opening) = try await world.begin(walk.task)
      var broken: Finding?
      if opening != walk.opening { otherOpenings += 1 }
      if openings.compare(opening: opening, with: walk.opening) == .diverges {
        broken = Finding(
          "replay", .wrong,
          """
          \(walk.task.id) begins differently the second time, so that attempts at it cannot be compared, and an attempt \
          that is lost cannot be opened again. It began with \"\(walk.opening.text.clipped(to: 200))\" and then with \
          \"\(opening.text.clipped(to: 200))\". Draw what is random from the name of the task, or from the seed of reset
          """)
      }
      do throws(WorldError) {
        for (number, step) in walk.steps.enumerated() where broken == nil {
          let outcome = try await episode.step(step.action)
          guard comparison.compare(exactly: outcome, with: step.outcome) == .diverges else { continue }
          broken = Finding(
            "replay", .wrong,
            """
            \(walk.task.id): the same actions paid \(outcome.reward) instead of \(step.outcome.reward) at step \
            \(number + 1), or ended differently
            """)
        }
      } catch {
        await episode.close()
        throw error
      }
      await episode.close()
      if let broken { return broken }
    }
    let texts = otherOpenings + comparison.mismatches
    let paidNothing = walks.allSatisfy { $0.steps.allSatisfy { $0.outcome.reward == 0 } }
    let result =
      texts == 0
      ? "the same actions have the same observations, rewards and ends"
      : "the same actions pay the same, but \(texts) observations have another text"
    return Finding(
      "replay", texts == 0 && !paidNothing ? .fine : .warning,
      result + (paidNothing ? ". Every step paid 0, so that this proves nothing about rewards: try better actions" : "")
    )
  }

  /// A copied episode continues like its original, and neither affects the other. Different texts are a warning. A
  /// world that cannot copy itself passes: its forks are replays.
  public func copies(on tasks: [AgentTask]) async throws(WorldError) -> Finding {
    try await copies(try await walks(through: tasks))
  }

  /// Forks the longest walk half-way.
  func copies(_ walks: [Walk]) async throws(WorldError) -> Finding {
    guard let walk = walks.max(by: { $0.steps.count < $1.steps.count }), !walk.steps.isEmpty else {
      return Finding("fork", .warning, "not checked: no step was taken")
    }
    let half = walk.steps.count / 2
    var (episode, _) = try await world.begin(walk.task)
    do throws(WorldError) {
      for step in walk.steps[..<half] { _ = try await episode.step(step.action) }
      guard var copy = try await episode.fork() else {
        await episode.close()
        return Finding("fork", .fine, "by replay: the world cannot copy itself")
      }
      let finding: Finding
      do throws(WorldError) {
        finding = try await compare(walk, after: half, original: &episode, copy: &copy)
      } catch {
        await copy.close()
        throw error
      }
      await episode.close()
      await copy.close()
      return finding
    } catch {
      await episode.close()
      throw error
    }
  }

  private func compare(
    _ walk: Walk, after half: Int, original: inout any Episode, copy: inout any Episode
  ) async throws(WorldError) -> Finding {
    var comparison = ReplayComparison(tolerance: 0)
    // The original runs to its end before the copy takes a step, so that shared state shows.
    for step in walk.steps[half...] {
      guard comparison.compare(exactly: try await original.step(step.action), with: step.outcome) != .diverges else {
        return Finding(
          "fork", .wrong, "\(walk.task.id): an episode continued differently after it was copied at step \(half)")
      }
    }
    for step in walk.steps[half...] {
      guard comparison.compare(exactly: try await copy.step(step.action), with: step.outcome) != .diverges else {
        return Finding(
          "fork", .wrong, "\(walk.task.id): a copy continued differently from its original after step \(half)")
      }
    }
    let texts = comparison.mismatches
    return Finding(
      "fork", texts == 0 ? .fine : .warning,
      "by copy, independent of its original" + (texts == 0 ? "" : ", but \(texts) observations have another text"))
  }
}
