import Agents
import Foundation
import Testing

@Suite("Trajectories and what critics see of them")
struct TrajectoryTests {
  static let task = AgentTask(id: "t", request: "go north twice", stepLimit: 4)

  static func step(_ action: String, reward: Double = 0, isDone: Bool = false, isInvalid: Bool = false) -> Step {
    Step(
      response: "I think \(action)", action: .act(action),
      outcome: Outcome(Observation("after \(action)"), reward: reward, isDone: isDone, isInvalid: isInvalid))
  }

  @Test func aCopyGoesItsOwnWay() {
    var trajectory = Trajectory(task: Self.task, opening: Observation("start"))
    trajectory.append(Self.step("a", reward: 0.25))
    var fork = trajectory
    trajectory.append(Self.step("b", reward: 0.5))
    fork.append(Self.step("c", isDone: true))
    #expect(trajectory.steps.map(\.action.text) == ["a", "b"])
    #expect(fork.steps.map(\.action.text) == ["a", "c"])
    #expect(trajectory.reward == 0.75)
    #expect(fork.reward == 0.25)
    #expect(fork.isDone && fork.isFinished && !trajectory.isFinished)
  }

  @Test func prefixesShareThePast() {
    let trajectory = Trajectory(
      task: Self.task, opening: Observation("start"),
      steps: [Self.step("a", reward: 0.1), Self.step("b", isInvalid: true), Self.step("c", reward: 0.2)])
    #expect(trajectory.prefix(2).steps.map(\.action.text) == ["a", "b"])
    #expect(trajectory.prefix(2).reward == 0.1)
    #expect(trajectory.prefix(0).observation.text == "start")
    #expect(trajectory.prefix(9).count == 3)
    #expect(trajectory.invalidActions == 1)
  }

  @Test func theStepLimitFinishes() {
    let trajectory = Trajectory(
      task: Self.task, opening: Observation("start"), steps: ["a", "b", "c", "d"].map { Self.step($0) })
    #expect(trajectory.isFinished && !trajectory.isDone)
  }

  @Test("A long trajectory is released without a deep recursion")
  func longTrajectory() {
    let task = AgentTask(id: "long", request: "", stepLimit: .max)
    var trajectory = Trajectory(task: task, opening: Observation(""))
    for _ in 0..<300_000 { trajectory.append(Self.step("x")) }
    let fork = trajectory.prefix(150_000)
    trajectory = Trajectory(task: task, opening: Observation(""))
    #expect(fork.count == 150_000)
    #expect(fork.steps.count == 150_000)
  }

  @Test func theStateOfACriticExcludesAHiddenReward() {
    let trajectory = Trajectory(
      task: Self.task, opening: Observation("start"),
      steps: [
        Self.step("north", reward: 0.25), Self.step("north", isInvalid: true),
        Self.step("south", reward: 0.5, isDone: true),
      ])
    let shown = CriticState(trajectory)
    let hidden = CriticState(trajectory, hidingLastReward: true)
    #expect(shown.rewardSoFar == 0.75)
    #expect(hidden.rewardSoFar == 0.25)
    #expect(hidden.lastAction == "south")
    #expect(hidden.repeats == 1)
    #expect(hidden.invalidActions == 1)
    #expect(hidden.text.contains("go north twice") && hidden.text.contains("2. north"))
    #expect(!hidden.text.contains("0.75"))
  }
}

@Suite("Transcripts and action formats")
struct TranscriptTests {
  @Test func aTextEndpointSeesOneText() {
    let transcript = Transcript(entries: [
      .instructions("Choose."), .prompt("one or two? I pick"), .response("two"), .prompt("red or blue? I pick"),
    ])
    #expect(transcript.joined() == "Choose.\n\none or two? I pick two\nred or blue? I pick")
  }

  @Test func theHistoryIsTurns() {
    let trajectory = Trajectory(
      task: TrajectoryTests.task, opening: Observation("start"), steps: [TrajectoryTests.step("a")])
    #expect(
      Transcript(instructions: "Go.", history: trajectory).entries
        == [.instructions("Go."), .prompt("start"), .response("I think a"), .prompt("after a")])
  }

  @Test func reactTakesWhatFollowsTheFirstAction() {
    let format = ActionFormat.react
    #expect(format.action(in: "Thought: x\nAction: look", choices: nil) == .act("look"))
    #expect(
      format.action(
        in: "Action: go\nObservation: a wall\nThought: hm\nAction: turn left\nObservation: ok", choices: nil)
        == .act("go"))
    #expect(format.action(in: "Action:\n  open door  ", choices: nil) == .act("open door"))
    for nonsense in ["look", "", "Action:", "Action:   \n", "\u{1B}[2J"] {
      #expect(format.action(in: nonsense, choices: nil) == .unparsable(nonsense))
    }
  }

  @Test func choicesAreGivenInTheWorldsSpelling() {
    let choices = ["Red", "Blue green"]
    for answer in ["Red", " red ", "RED.", "red\n"] {
      #expect(ActionFormat.plain.action(in: answer, choices: choices) == .act("Red"))
    }
    #expect(ActionFormat.plain.action(in: "blue  green", choices: choices) == .unparsable("blue  green"))
    #expect(ActionFormat.plain.action(in: "red or blue", choices: choices) == .unparsable("red or blue"))
  }

  @Test func theFormatIsPartOfTheInstructions() {
    let transcript = Transcript(entries: [.instructions("Go."), .prompt("start")])
    #expect(ActionFormat.plain.applied(to: transcript) == transcript)
    guard case .instructions(let text) = ActionFormat.react.applied(to: transcript).entries.first else {
      Issue.record("the instructions are gone")
      return
    }
    #expect(text.hasPrefix("Go.") && text.contains("Action:"))
  }
}
