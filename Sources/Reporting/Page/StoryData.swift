import Agents
import Steering

/// The data of a story for the page's script. Each text occurs once, and numbers are already formatted.
struct StoryData: Encodable {
  struct Line: Encodable {
    let place: Int
    /// The first and the last step that can be selected.
    let first: Int
    let last: Int
    /// The step at which it became a copy of its parent.
    let birth: Int
    let parent: Int?
    /// The number of its last step in `steps`.
    let tip: Int?
    let remarks: String
    /// The critic values, by the steps at which the particle was weighed.
    let values: [String: String]
  }

  struct Node: Encodable {
    let past: Int?
    let head: String
    let isInvalid: Bool
    /// Pairs of a label and a text, as indices into `texts`.
    let parts: [[Int]]
  }

  /// Converts picture coordinates to steps.
  struct Scale: Encodable {
    let left: Double
    let right: Double
    let steps: Int
    let top: Double
    let row: Double
  }

  let count: Int
  let scale: Scale
  private(set) var texts: [String] = []
  /// The opening before the first step, in the form of a step's parts.
  private(set) var opening: [[Int]] = []
  private(set) var steps: [Node] = []
  private(set) var lines: [Line] = []
  private var places: [String: Int] = [:]

  private enum CodingKeys: String, CodingKey { case count, scale, texts, opening, steps, lines }

  init(_ told: ToldStory, layout: GenealogyLayout) {
    count = told.ancestry.count
    scale = Scale(
      left: layout.left, right: layout.lastStep, steps: layout.steps, top: layout.top, row: layout.rowHeight)
    let trajectories = told.ancestry.lines.indices.map { told.trajectory(of: $0) }
    if let start = trajectories.lazy.compactMap(\.self).first {
      opening = [part("Observation", start.opening.text)]
    }
    var tree = StepTree()
    lines = trajectories.enumerated().map { number, trajectory in
      line(number, of: told, count: trajectory?.count, tip: trajectory.flatMap { tree.add($0.steps) }, layout)
    }
    var paid: [Double] = []
    for node in tree.nodes {
      paid.append((node.past.map { paid[$0] } ?? 0) + node.step.outcome.reward)
      steps.append(written(node, paid: paid[paid.count - 1], format: told.story.format))
    }
  }

  private func line(_ number: Int, of told: ToldStory, count: Int?, tip: Int?, _ layout: GenealogyLayout) -> Line {
    let line = told.ancestry.lines[number]
    let birth = told.ancestry.birth(of: number)
    let end = told.ancestry.end(of: number) ?? layout.steps
    let last = max(birth, min(end, count ?? end))
    var values: [String: String] = [:]
    let stops = told.ancestry.checkpoints(of: number)
    for stop in told.ancestry.checkpoints[stops.lowerBound..<(line.end ?? stops.upperBound - 1) + 1] {
      if let value = stop.softValue(at: line.place) { values["\(stop.step)"] = Format.number(value) }
    }
    return Line(
      place: line.place, first: line.birth == nil ? 0 : min(birth + 1, last), last: last, birth: birth,
      parent: line.parent, tip: tip, remarks: told.remarks(on: number), values: values)
  }

  private mutating func written(_ node: StepTree.Node, paid: Double, format: ActionFormat) -> Node {
    let step = node.step
    var parts: [[Int]] = []
    if let thought = format.thought(in: step.response, action: step.action) {
      parts.append(part("Thought", thought))
    } else if step.action.isParsed, !step.response.isEmpty, step.response.trimmed != step.action.text.trimmed {
      parts.append(part("Answer", step.response))
    }
    parts.append(part(step.action.isParsed ? "Action" : "No action", step.action.text))
    parts.append(part("Observation", step.outcome.observation.text))
    var head = "reward \(Format.number(step.outcome.reward, signed: true)), \(Format.number(paid)) so far"
    head += TrajectoryText.parts(of: step.outcome)
    if step.outcome.isInvalid { head += ", invalid" }
    if step.outcome.isDone { head += ", done" }
    return Node(past: node.past, head: head, isInvalid: step.outcome.isInvalid, parts: parts)
  }

  private mutating func part(_ label: String, _ text: String) -> [Int] { [place(of: label), place(of: text)] }

  private mutating func place(of text: String) -> Int {
    let shown = visible(text.replacing("\r\n", with: "\n"), keepingLayout: true)
    if let known = places[shown] { return known }
    places[shown] = texts.count
    texts.append(shown)
    return texts.count - 1
  }
}
