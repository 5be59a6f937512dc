import Agents
import CoxswainTesting
import Steering
import Testing

@Suite("check-environment")
struct EnvironmentCheckTests {
  /// A world with two doors, whose payment each test sets.
  private struct Doors: World {
    var pays: @Sendable (_ task: Int, _ action: String) -> Double = { _, _ in 1 }
    var shows = true

    let identity = WorldIdentity(kind: "doors")
    static let opening = Observation("Two doors.", choices: ["left door", "right door"])

    func tasks(in split: Split) -> [AgentTask] { split == .train ? (0..<6).map { task(TaskID("\($0)")) } : [] }
    func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "Leave.", stepLimit: 1) }

    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      let (pays, number) = (pays, Int(task.id.rawValue) ?? 0)
      let episode = ClosureEpisode(state: 0) { (steps: inout Int, action) throws(WorldError) in
        guard steps == 0 else { throw WorldError(.diverged, "over") }
        guard Self.opening.choices?.contains(action.text) == true else {
          return Outcome(Observation("No such door."), isInvalid: true)
        }
        steps += 1
        return Outcome(Observation("Outside."), reward: pays(number, action.text), isDone: true)
      }
      return (episode, Self.opening)
    }

    func transcript(for trajectory: Trajectory) -> Transcript {
      let transcript = Transcript(instructions: "Leave.", history: trajectory)
      return shows ? transcript.listing(trajectory.offeredChoices) : transcript
    }
  }

  private func finding(_ name: String, of world: Doors, tasks: Int = 6) async throws -> Finding? {
    let check = WorldCheck(world)
    let findings = try await check.run(Array(world.tasks(in: .train).prefix(tasks)))
    #expect(!findings.contains { $0.verdict == .wrong }, "\(findings)")
    return findings.first { $0.name == name }
  }

  @Test(arguments: [0.0, 0.5, 1.0])
  func walksThatAllPayTheSameAreAWarning(reward: Double) async throws {
    let finding = try await finding("rewards", of: Doors(pays: { _, _ in reward }))
    #expect(finding?.verdict == .warning)
    #expect(finding?.detail.contains("all 6 random walks paid \(reward)") == true, "\(finding?.detail ?? "")")
  }

  @Test func walksThatPayDifferentlyAndOneWalkAloneAreNone() async throws {
    let differing = try await finding("rewards", of: Doors(pays: { task, _ in task.isMultiple(of: 2) ? 1 : 0 }))
    #expect(differing?.verdict == .fine && differing?.detail.contains("0.0 to 1.0 on 6 random walks") == true)
    let alone = try await finding("rewards", of: Doors(), tasks: 1)
    #expect(alone?.verdict == .fine)
  }

  @Test(arguments: [true, false])
  func choicesThatThePromptDoesNotNameAreAWarning(shows: Bool) async throws {
    let finding = try await finding("choices", of: Doors(shows: shows))
    #expect(finding?.verdict == (shows ? .fine : .warning))
  }
}
