import Agents
import Dialects
import Foundation

/// What is found by playing an attempt of an agent's program and replaying it twice.
package struct AgentCheck: Sendable {
  /// One finding.
  package struct Finding: Sendable, Hashable {
    package enum Verdict: Sendable { case fine, warning, wrong }

    package let name: String
    package let verdict: Verdict
    package let detail: String
  }

  private let world: AgentWorld
  private let ask: @Sendable (PolicyRequest) async throws(PolicyError) -> PolicyResponse

  /// - Parameter ask: answers a question.
  package init(
    _ world: AgentWorld, asking ask: @escaping @Sendable (PolicyRequest) async throws(PolicyError) -> PolicyResponse
  ) {
    (self.world, self.ask) = (world, ask)
  }

  /// Plays one attempt at a task, and replays it twice.
  ///
  /// - Throws: the errors of the policy.
  package func run(_ task: AgentTask, seed: Seed) async throws -> [Finding] {
    var findings: [Finding] = []
    func note(_ name: String, _ verdict: Finding.Verdict, _ detail: String) {
      findings.append(Finding(name: name, verdict: verdict, detail: detail))
    }
    let name = "task \(task.id)"
    let start = ContinuousClock.now
    let played: (trajectory: Trajectory, habits: AttemptLine.Habits)
    do { played = try await play(task, seed: seed) } catch let error as WorldError {
      note("attempt", .wrong, "\(name): \(error.message)")
      return findings
    }
    let trajectory = played.trajectory
    note(
      "attempt", .fine,
      """
      \(name): \(trajectory.count) model call\(trajectory.count == 1 ? "" : "s") in \
      \(Self.seconds(ContinuousClock.now - start)), reward \(trajectory.reward) (score: \(world.settings.score.text))
      """)
    let habits = played.habits
    let dialects = habits.dialects.map(\.path).sorted().joined(separator: ", ")
    note(
      "questions", .fine,
      """
      asked at \(dialects)\(habits.isStreaming ? ", streaming" : ""), for the model \
      \(habits.models.sorted().joined(separator: ", ").clipped(to: 200))
      """)
    if habits.retries > 0 { note("retries", .warning, "the client asked \(habits.retries) questions again") }
    note(
      "open questions", .fine,
      habits.mostOpen > 1
        ? "up to \(habits.mostOpen) at the same time; they are told apart by what they ask" : "one at a time")
    await replay(trajectory, note)
    if habits.isGreedy {
      note("sampling", .warning, "it asks at temperature 0, where attempts hardly differ: set policy.temperature")
    }
    let keys = world.settings.environment.passedSecrets
    note(
      "key", keys.isEmpty ? .fine : .wrong,
      keys.isEmpty
        ? "the program has a key of the gateway, and no other secret"
        : "the program gets \(keys.joined(separator: ", ")) (environment.variables). If one is a model's key, it can ask the model without the gateway"
    )
    if !world.isIdentified {
      note(
        "identity", .warning,
        "no file of the program is part of its identity, so that a change of it goes unseen: set environment.identityFiles"
      )
    }
    return findings
  }

  private func play(
    _ task: AgentTask, seed: Seed
  ) async throws -> (trajectory: Trajectory, habits: AttemptLine.Habits) {
    let (begun, opening) = try await world.begin(task)
    var trajectory = Trajectory(task: task, opening: opening)
    var episode = begun
    do {
      while !trajectory.isFinished {
        let response = try await ask(
          PolicyRequest(
            after: trajectory, asking: world, seed: seed.split(trajectory.count),
            key: CallKey(run: "check", task: task.id, particle: 0, step: trajectory.count)))
        let action = Action.answer(response.text, inFull: response.continuation)
        let outcome = try await episode.step(action)
        trajectory.append(Step(response: response.text, action: action, outcome: outcome))
      }
    } catch {
      await episode.close()
      throw error
    }
    let habits = await (begun as? AgentEpisode)?.habits ?? AttemptLine.Habits()
    await episode.close()
    guard trajectory.isDone else {
      throw WorldError(
        .unavailable, "The program did not end within \(task.stepLimit) model calls (environment.calls).")
    }
    return (trajectory, habits)
  }

  /// Starts the program twice with the recorded answers.
  private func replay(_ trajectory: Trajectory, _ note: (String, Finding.Verdict, String) -> Void) async {
    guard let last = trajectory.last else { return }
    let calls = trajectory.count
    var seconds: [Double] = []
    for number in 1...2 {
      let start = ContinuousClock.now
      do {
        var (episode, _) = try await world.resume(trajectory.prefix(calls - 1), keepsDivergences: false)
        seconds.append((ContinuousClock.now - start).inSeconds)
        do {
          let outcome = try await episode.step(last.action)
          await episode.close()
          guard outcome.isDone else {
            return note(
              "replay", .wrong, "replay \(number) asked a further question after call \(calls), where the attempt ended"
            )
          }
          guard abs(outcome.reward - last.outcome.reward) <= 1e-6 else {
            return note(
              "replay", .wrong,
              "replay \(number) paid \(outcome.reward) at the end, where the attempt was paid \(last.outcome.reward)")
          }
        } catch {
          await episode.close()
          throw error
        }
      } catch let error as WorldError {
        return note("replay", .wrong, "replay \(number): \(error.message)")
      } catch {
        return note("replay", .wrong, "replay \(number): \(error)")
      }
    }
    let mean = seconds.reduce(0, +) / Double(max(seconds.count, 1))
    note(
      "replay", .fine,
      """
      twice the same questions and the same reward for the same answers; a start with \(calls - 1) recorded \
      call\(calls == 2 ? "" : "s") takes \(String(format: "%.2f", mean)) s
      """)
  }

  private static func seconds(_ duration: Duration) -> String { String(format: "%.1f s", duration.inSeconds) }
}
