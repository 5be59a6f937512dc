import Agents
import Testing

@testable import Reporting

private let task = AgentTask(id: "melt/1", request: "Melt ice.", stepLimit: 9)

@Test func everyStepHasThoughtActionObservationRewardAndValue() {
  let trajectory = Trajectory(
    task: task, opening: Observation("A room:\n\ta stove"),
    steps: [
      Step(
        response: "Thought: it is cold here and the stove is off\nAction: use stove", action: .act("use stove"),
        outcome: Outcome(Observation("It burns."), reward: 0.25)),
      Step(
        response: "I do not know.", action: .unparsable("I do not know."),
        outcome: Outcome(Observation("Which action?"), reward: -0.5, isDone: true, isInvalid: true)),
    ])
  let text = TrajectoryText(trajectory, format: .react, values: [0: 0.5, 1: 0.75], reasoning: [1: "Hm."], cutOff: [1])
  #expect(
    text.text(width: 45) == """
      Start  critic 0.500 to come
        Observation  A room:
                         a stove

      Step 1  reward +0.250, 0.250 so far  critic 0.750 to come
        Thought      it is cold here and the stove
                     is off
        Action       use stove
        Observation  It burns.

      Step 2  reward −0.500, −0.250 so far  answer cut off  invalid  done
        Reasoning    Hm.
        No action    I do not know.
        Observation  Which action?
      """)
}

@Test func whatActsOnATerminalIsShown() {
  let trajectory = Trajectory(task: task, opening: Observation("\u{1B}[2J\u{7}ding\r\nnext \u{202E}line\u{0}"))
  let text = TrajectoryText(trajectory, format: .plain).text()
  #expect(text.contains("␛[2J␇ding\n") && text.contains("next \\u{202E}line␀"))
  #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
}

@Test func linesAreBrokenBetweenWordsOrAnywhere() {
  #expect(wrapped("a bc def", width: 5) == ["a bc", "def"])
  #expect(wrapped("abcdefgh", width: 3) == ["abc", "def", "gh"])
  #expect(wrapped("", width: 3) == [""])
  #expect(wrapped("abc def", width: 3) == ["abc", "def"])
  #expect(wrapped(" abcd", width: 3) == [" ab", "cd"])
}

@Test(arguments: [
  (ActionFormat.react, "Thought: so\nAction: go", "so" as String?), (.react, "Action: go", nil),
  (.react, " so \nAction: go", "so"), (.plain, "go", nil),
  (.tools, "so\n<tool_call>{\"name\":\"act\",\"arguments\":{\"action\":\"go\"}}</tool_call>", "so"),
])
func theThoughtIsWhatIsNotTheAction(format: ActionFormat, response: String, thought: String?) {
  #expect(format.thought(in: response, action: .act("go")) == thought)
  #expect(format.thought(in: response, action: .unparsable(response)) == nil)
}
