import Agents
import ParticleFilter
import Reporting

/// Made-up populations for the browser, with the texts of an agent that thinks.
enum Stories {
  static let react = ActionFormat.react

  /// A particle that was culled after step 2, its replacement (a clone), a failed particle and an unfinished one.
  ///
  /// Lines 0, 1 and 2 begin at the start. Line 3 is a copy of 1 at place 0 after step 2.
  static func small(_ text: (String) -> String = { $0 }) -> PopulationStory {
    let task = AgentTask(id: TaskID(text("melt-7")), request: text("Melt the ice."), stepLimit: 4)
    func steps(_ names: [String], finished: Bool = false) -> Trajectory {
      Trajectory(
        task: task, opening: Observation(text("You are in the kitchen.")),
        steps: names.enumerated().map { place, name in
          let isLast = finished && place == names.count - 1
          return Step(
            response: "Thought: \(text("I should \(name)"))\nAction: \(text(name))", action: .act(text(name)),
            outcome: Outcome(Observation(text("You \(name).")), reward: isLast ? 0.75 : 0, isDone: isLast))
        })
    }
    let past = ["open door", "take pot"]
    return PopulationStory(
      task: task, method: text("amc, N 3, β 0.1"),
      genealogy: Genealogy(
        count: 3,
        checkpoints: [
          Checkpoint(
            step: 2, logWeights: LogWeights([-4, 1, 0]), softValues: [0.1, 0.6, 0.5], ancestors: [1, 1, 2],
            logEvidence: 0.2)
        ]),
      lives: [
        .init(place: 0, culledAfter: 2, trajectory: steps(["open door", "break pot"])),
        .init(place: 0, culledAfter: nil, trajectory: steps(past + ["heat pot", "wait"], finished: true), weight: 0.7),
        .init(
          place: 1, culledAfter: nil, trajectory: steps(past + ["use stove"]), failure: text("the world was lost"),
          weight: 0),
        .init(place: 2, culledAfter: nil, trajectory: steps(["look", "read note", "sleep"]), weight: 0.3),
      ], format: .react)
  }

  /// A run of the filter over `steps` steps with a checkpoint every three steps.
  static func large(particles: Int, steps: Int, seed: UInt64, answerLength: Int = 160) -> PopulationStory {
    let task = AgentTask(
      id: "melt-ice-3",
      request:
        "Your task is to melt ice. First, focus on the substance. Then, take actions that will cause it to change "
        + "its state of matter.", stepLimit: steps)
    var generator = Seed(seed).generator()
    var filter = ParticleFilter(
      count: particles, temperature: 0.12, schedule: .effectiveSampleSize(below: 0.6), initialValue: 0.4)
    var trajectories = Array(
      repeating: Trajectory(
        task: task,
        opening: Observation("This room is called the kitchen. In it, you see:\n\ta stove, off\n\ta freezer, closed")),
      count: particles)
    var merits = Array(repeating: 0.4, count: particles)
    var lives: [PopulationStory.Life] = []
    for step in 1...steps {
      for place in trajectories.indices where !trajectories[place].isFinished {
        merits[place] = min(max(merits[place] + .random(in: -0.14..<0.16, using: &generator), 0), 1)
        trajectories[place].append(
          made(step, of: steps, merit: merits[place], length: answerLength, using: &generator))
      }
      guard step.isMultiple(of: 3), step < steps else { continue }
      let checkpoint = filter.weigh(
        step: step, paid: Payment(rewards: Array(repeating: 0, count: particles)),
        guidance: Guidance(softValues: merits), using: &generator)
      guard let ancestors = checkpoint.ancestors else { continue }
      for place in trajectories.indices where !ancestors.contains(place) {
        lives.append(.init(place: place, culledAfter: step, trajectory: trajectories[place]))
      }
      trajectories = ancestors.map { trajectories[$0] }
      merits = ancestors.map { merits[$0] }
    }
    filter.finish(paid: Payment(rewards: trajectories.map(\.reward)))
    lives += trajectories.enumerated().map { place, trajectory in
      .init(place: place, culledAfter: nil, trajectory: trajectory, weight: filter.weights[place])
    }
    return PopulationStory(
      task: task, method: "amc, N \(particles), resampling below an ESS of 0.6 N, β 0.12", genealogy: filter.genealogy,
      lives: lives, format: .react)
  }

  private static func made(
    _ step: Int, of steps: Int, merit: Double, length: Int, using generator: inout some RandomNumberGenerator
  ) -> Step {
    let actions = [
      "open freezer", "take ice", "focus on ice", "move ice to pot", "move pot to stove", "activate stove",
      "look around", "wait", "examine thermometer", "pick up lighter",
    ]
    let action = actions.randomElement(using: &generator) ?? "wait"
    let isInvalid = Double.random(in: 0..<1, using: &generator) < 0.08
    let isLast = step == steps
    let filler = "The ice has to end up in a container on something hot, and I have not done that yet. "
    let thought = String(repeating: filler, count: max(1, length / filler.count))
    return Step(
      response:
        "Thought: \(thought)So at step \(step) I \(action), with number \(Int.random(in: 0..<10_000, using: &generator)).\nAction: \(action)",
      action: .act(action),
      outcome: Outcome(
        Observation(
          isInvalid ? "No known action matches that input." : "You \(action). The room is at 12 degrees Celsius."),
        reward: isLast ? (merit * 4).rounded() / 4 : 0, isDone: isLast, isInvalid: isInvalid))
  }

  static func page(_ stories: [PopulationStory], _ text: (String) -> String = { $0 }) -> ReportPage {
    var table = TextTable(
      title: text("Rewards (± one standard error over tasks)"),
      columns: [
        .left(text("method")), .right("N"), .right("solved"), .right("best reward"), .right("mean over particles"),
        .right("weighted mean"), .right("selected (by)"),
      ])
    table.append([
      text("best-of"), "8", "0.359 ± 0.060", "0.844 ± 0.017", "0.641 ± 0.016", "0.688 ± 0.040",
      "0.610 ± 0.050 (critic)",
    ])
    table.append([
      text("amc"), "8", "0.750 ± 0.055", "0.919 ± 0.020", "0.863 ± 0.023", "0.900 ± 0.035", "0.890 ± 0.040 (critic)",
    ])
    func series(_ name: String, _ means: [Double]) -> XYChart.Series {
      XYChart.Series(
        name: text(name),
        points: means.enumerated().map { .init(x: Double(1 << $0.offset), mean: $0.element, se: 0.03) })
    }
    let scaling = XYChart(
      title: text("Reward against the number of particles"), xTitle: text("particles (N)"), yTitle: text("best reward"),
      series: [series("best-of", [0.59, 0.68, 0.76, 0.84, 0.86]), series("amc", [0.59, 0.74, 0.85, 0.92, 0.95])],
      scale: .log2)
    let calibration = XYChart(
      title: "Calibration", xTitle: "predicted return-to-go", yTitle: "realised return-to-go",
      series: [
        .init(
          name: "trees",
          points: (0..<8).map { .init(x: 0.1 + 0.1 * Double($0), mean: 0.08 + 0.11 * Double($0), se: 0.04) },
          isLine: false)
      ], hasDiagonal: true)
    return ReportPage(
      title: text("Orders, 48 tasks"), subtitle: text("A local model of 135M parameters, 8 particles, β 0.1"),
      sections: [
        .init(
          anchor: "rewards", heading: text("Rewards"),
          prose: text("Both methods made the same number of model calls.") + "\n\n"
            + text("Differences are paired by task."),
          items: [.table(table), .notes([text("3 particles failed and were replaced.")])]),
        .init(
          anchor: "pictures", heading: "Scaling and calibration",
          items: [
            .picture(svg: scaling.svg, caption: text("Whiskers are one standard error.")),
            .picture(svg: calibration.svg, caption: "Points on the dashed line are calibrated."),
          ]),
        .init(
          anchor: "populations", heading: text("Populations"), prose: text("Two tasks to look into."),
          items: [.populations(stories)]),
      ])
  }
}
