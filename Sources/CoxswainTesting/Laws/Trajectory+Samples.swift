import Agents

extension Trajectory {
  /// Built-in samples for laws that are checked without a world: two requests, with and without choices, and all
  /// prefixes.
  static var samples: [Trajectory] {
    let doors = ["left door", "right door", "window"]
    return ["Leave by the right door.", "Open the window, then leave by the left door."].enumerated().flatMap {
      number, request in
      let task = AgentTask(id: TaskID("sample-\(number)"), request: request, stepLimit: 4)
      let steps = doors.enumerated().map { place, door in
        let observation = Observation("You tried the \(door).", choices: number == 0 ? doors : nil)
        let outcome = Outcome(observation, reward: place == 1 ? 0.25 : 0, isInvalid: place == 2)
        return Step(response: door, action: .act(door), outcome: outcome)
      }
      let opening = Observation("You are in a room.", choices: number == 0 ? doors : nil)
      return (0...steps.count).map { Trajectory(task: task, opening: opening, steps: steps.prefix($0)) }
    }
  }

  /// All prefixes of this trajectory that are not finished.
  var unfinishedPrefixes: [Trajectory] { (0...count).map(prefix).filter { !$0.isFinished } }
}
