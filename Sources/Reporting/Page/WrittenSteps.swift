import Agents

/// Steps of many trajectories as a page's script reads them. Shared steps and equal texts occur once.
struct WrittenSteps {
  struct Node: Encodable {
    let past: Int?
    let head: String
    let isInvalid: Bool
    /// Pairs of a label and a text, as indices into `texts`.
    let parts: [[Int]]
  }

  private(set) var texts: [String] = []
  private(set) var nodes: [Node] = []
  /// About how many bytes all of it takes.
  private(set) var bytes = 0
  private var tree = StepTree()
  private var paid: [Double] = []
  private var places: [String: Int] = [:]

  /// The opening in the form of a step's parts.
  mutating func opening(of trajectory: Trajectory) -> [Int] { part("Observation", trajectory.opening.text) }

  /// Adds the steps of a trajectory that are not there yet.
  ///
  /// - Returns: the number of its last step; nil if it has none.
  mutating func add(_ trajectory: Trajectory, format: ActionFormat) -> Int? {
    let tip = tree.add(trajectory.steps)
    for node in tree.nodes[nodes.count...] {
      paid.append((node.past.map { paid[$0] } ?? 0) + node.step.outcome.reward)
      nodes.append(written(node, paid: paid[paid.count - 1], format: format))
    }
    return tip
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
    bytes += head.utf8.count + 60
    return Node(past: node.past, head: head, isInvalid: step.outcome.isInvalid, parts: parts)
  }

  private mutating func part(_ label: String, _ text: String) -> [Int] { [place(of: label), place(of: text)] }

  /// The place of a text, which is made safe to show.
  mutating func place(of text: String) -> Int {
    let shown = visible(text.replacing("\r\n", with: "\n"), keepingLayout: true)
    if let known = places[shown] { return known }
    places[shown] = texts.count
    texts.append(shown)
    bytes += shown.utf8.count + 4
    return texts.count - 1
  }
}
