import Agents
import Testing

private func trajectory(steps: Int) -> Trajectory {
  let task = AgentTask(id: "boil", request: "Boil.", stepLimit: 30)
  let steps = (0..<steps).map { step in
    Step(
      response: "answer \(step)", action: .act("act \(step)"),
      outcome: Outcome(Observation("view \(step) " + String(repeating: "x", count: 92))))
  }
  return Trajectory(task: task, opening: Observation("The task."), steps: steps)
}

@Test func theTaskAndThePresentAreAlwaysShown() {
  let trajectory = trajectory(steps: 5)
  let all = Prompting("I").transcript(for: trajectory)
  #expect(all == Transcript(instructions: "I", history: trajectory))
  #expect(Prompting("I", historyLimit: 1_000).transcript(for: trajectory) == all)
  for limit in 0..<600 {
    let entries = Prompting("I", historyLimit: limit).transcript(for: trajectory).entries
    guard case .prompt(let first) = entries[1], case .prompt(let last) = entries.last else {
      Issue.record("The turns do not alternate.")
      return
    }
    #expect(first.hasPrefix("The task."))
    #expect(last.hasSuffix(trajectory.observation.text))
    #expect(entries.count % 2 == 0)
    if limit == 0 { #expect(entries.count == 2 && last.contains("5 earlier steps are left out")) }
    if limit == 120 { #expect(entries.count == 4 && first.contains("\"act 3\" gave:)\nview 3")) }
  }
}

@Test func aPresentLongerThanTheLimitIsNotCut() {
  var trajectory = trajectory(steps: 1)
  let long = String(repeating: "y", count: 100_000)
  trajectory.append(Step(response: "a", action: .act("a"), outcome: Outcome(Observation(long))))
  guard case .prompt(let shown) = Prompting("I", historyLimit: 10).transcript(for: trajectory).entries.last else {
    Issue.record("The last turn is no prompt.")
    return
  }
  #expect(shown.hasSuffix(long), "\(shown.count) characters")
}

@Test func examplesStandBetweenTheInstructionsAndTheTask() {
  let prompting = Prompting(" I \n", examples: [.init(prompt: "p", response: "r")], historyLimit: 0)
  let entries = prompting.transcript(for: trajectory(steps: 0)).entries
  #expect(entries == [.instructions("I"), .prompt("p"), .response("r"), .prompt("The task.")])
}

@Test func otherWordsBeforeTheTaskMakeAnotherWorld() {
  let plain = Prompting("I")
  let others = [
    plain.reflecting(), Prompting("J"), Prompting("I", examples: [.init(prompt: "p", response: "r")]),
    Prompting("I", historyLimit: 9),
  ]
  #expect(Set((others + [plain]).map(\.summary)).count == 5)
  #expect(plain.reflecting("R").instructions == "I\n\nR")
}
