import Agents
import Testing

@Suite("choices in prompts")
struct ListedChoicesTests {
  private static let task = AgentTask(id: "t", request: "Find the door.", stepLimit: 9)

  private static func prompt(_ trajectory: Trajectory, _ prompting: Prompting = Prompting("Go.")) -> String {
    guard case .prompt(let text) = prompting.transcript(for: trajectory).entries.last else { return "no prompt" }
    return text
  }

  private static func step(_ action: Action, _ observation: Observation, isInvalid: Bool = false) -> Step {
    Step(response: action.text, action: action, outcome: Outcome(observation, isInvalid: isInvalid))
  }

  private static let opened = Observation("You are in a room.", choices: ["go north", "open door, slowly"])
  private static let list = "Possible actions:\n- go north\n- open door, slowly\n\n"

  @Test func theyStandInThePresentPromptOfEveryFormat() {
    var trajectory = Trajectory(task: Self.task, opening: Self.opened)
    #expect(Self.prompt(trajectory) == Self.list + "You are in a room.")
    for format in ActionFormat.allCases {
      let request = PolicyRequest(
        after: trajectory, in: Room(opening: Self.opened), format: format, seed: Seed(0),
        key: CallKey(run: "r", task: "t", particle: 0, step: 0))
      #expect(request.transcript.entries.last == .prompt(Self.list + "You are in a room."))
      #expect(request.choices == Self.opened.choices)
      #expect(request.tools.map(\.name) == (format == .tools ? ["act"] : []))
    }
    trajectory.append(Self.step(.act("go north"), Observation("A hall.", choices: ["wait", "go south"])))
    #expect(
      Prompting("Go.").transcript(for: trajectory).entries == [
        .instructions("Go."), .prompt("You are in a room."), .response("go north"),
        .prompt("Possible actions:\n- wait\n- go south\n\nA hall."),
      ])
  }

  @Test func theyStandThereAgainAfterAnInvalidAction() {
    var trajectory = Trajectory(task: Self.task, opening: Self.opened)
    trajectory.append(Self.step(.act("fly"), Observation("You cannot."), isInvalid: true))
    #expect(Self.prompt(trajectory) == Self.list + "You cannot.")
    trajectory.append(Self.step(.unparsable("hm"), Observation("What?")))
    #expect(Self.prompt(trajectory) == Self.list + "What?")
    trajectory.append(Self.step(.act("go north"), Observation("A hall.")))
    #expect(Self.prompt(trajectory) == "A hall.")
    trajectory.append(Self.step(.act("fly"), Observation("You cannot."), isInvalid: true))
    #expect(Self.prompt(trajectory) == "You cannot.")
  }

  @Test(
    "a text that lists them is left as it is",
    arguments: [
      "We have red, blue, dark green. I pick", "You can go Red, blue or dark green", "AVAILABLE: red,blue,dark green",
      "- red\n- blue\n- dark green", "[\"red\", \"blue\", \"dark green\"]", "red / blue / dark green",
      "red, blue, and dark green?",
    ])
  func listed(text: String) {
    let observation = Observation(text, choices: ["red", "blue", "dark green"])
    #expect(Self.prompt(Trajectory(task: Self.task, opening: observation)) == text)
  }

  @Test(
    "a text that only speaks of them is not",
    arguments: [
      "The red door leads to a blue and dark green room.", "blue, red, dark green", "red, blue, dark greens",
      "hatred, blue, dark green", "red, blue", "", "red, white, blue, dark green",
    ])
  func unlisted(text: String) {
    let observation = Observation(text, choices: ["red", "blue", "dark green"])
    let prompt = Self.prompt(Trajectory(task: Self.task, opening: observation))
    #expect(prompt.hasPrefix("Possible actions:\n- red\n- blue\n- dark green") && prompt.hasSuffix(text))
  }

  @Test func aWorldWithoutChoicesIsAskedAsBefore() {
    for choices in [nil, []] as [[String]?] {
      #expect(Self.prompt(Trajectory(task: Self.task, opening: Observation("A hall.", choices: choices))) == "A hall.")
    }
  }

  @Test func theyCanBeLeftOutWhichIsAnotherPrior() {
    var prompting = Prompting("Go.")
    let before = prompting.summary
    prompting.listsChoices = false
    #expect(Self.prompt(Trajectory(task: Self.task, opening: Self.opened), prompting) == "You are in a room.")
    #expect(prompting.summary == before + ", choices not listed")
  }

  /// A world with the default transcript.
  private struct Room: World {
    let opening: Observation
    let identity = WorldIdentity(kind: "room")

    func tasks(in split: Split) -> [AgentTask] { [ListedChoicesTests.task] }
    func task(_ id: TaskID) -> AgentTask { ListedChoicesTests.task }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      (ClosureEpisode(state: 0) { _, _ in Outcome(Observation("")) }, opening)
    }
  }
}
