import Agents
import ParticleFilter
import Steering

/// A picture of a frontier search. Every visited state is shown at its step. States are numbered in the order of
/// growth, and coloured by the expected improvement for which the parent was extended.
package enum TreePicture {
  static var style: Stylesheet { TreeDrawing.style }

  /// A standalone SVG, 720 wide, for light and dark pages. nil for a search without a step.
  package static func svg(_ tree: SearchTree, task: AgentTask) -> String? {
    guard tree.isSound, tree.nodes.count > 1 else { return nil }
    return TreeDrawing(tree).svg(task: task)
  }

  /// A picture whose states can be picked: each is an element with its number as the attribute `data-line`.
  ///
  /// - Parameter picked: whether there is a trajectory to show for each state.
  package static func interactive(_ tree: SearchTree, task: AgentTask, picked: [Bool]) -> String? {
    guard tree.isSound, tree.nodes.count > 1, picked.count == tree.nodes.count else { return nil }
    return TreeDrawing(tree, picked: picked).svg(task: task)
  }
}

/// The positions and labels of the states.
private struct TreeDrawing {
  private let tree: SearchTree
  /// The call that reached each state, from 1, and its expected improvement; nil for the root.
  private let growth: [(call: Int, improvement: Double)?]
  /// How often each state was extended.
  private let draws: [Int]
  private let children: [[Int]]
  /// The row of each state.
  private let rows: [Int]
  private let rowCount: Int
  private let best: Int?
  /// Whether each state can be picked; nil for a picture that is only looked at.
  private let picked: [Bool]?
  /// The state that the keyboard reaches first.
  private let first: Int?

  private let width = 720.0
  private let left = 30.0
  private let right = 590.0
  private let top = 74.0

  init(_ tree: SearchTree, picked: [Bool]? = nil) {
    self.tree = tree
    self.picked = picked
    first = picked?.firstIndex(of: true)
    var growth: [(call: Int, improvement: Double)?] = Array(repeating: nil, count: tree.nodes.count)
    var draws = Array(repeating: 0, count: tree.nodes.count)
    let children = tree.children
    for (number, choice) in tree.choices.enumerated() {
      draws[choice.state] += 1
      if let child = choice.child, growth[child] == nil { growth[child] = (number + 1, choice.improvement) }
    }
    // A parent shares the row of its first child, so that an attempt without branches is a straight line.
    var rows = Array(repeating: 0, count: tree.nodes.count)
    var (pending, next) = ([(state: 0, isFirst: true)], 0)
    while let (state, isFirst) = pending.popLast() {
      if !isFirst { next += 1 }
      rows[state] = next
      for (place, child) in children[state].enumerated().reversed() { pending.append((child, place == 0)) }
    }
    self.growth = growth
    self.draws = draws
    self.children = children
    self.rows = rows
    rowCount = next + 1
    best = tree.nodes.indices.filter { tree.nodes[$0].isFinished }.max {
      (tree.nodes[$0].reward, $1) < (tree.nodes[$1].reward, $0)
    }
  }

  private var rowHeight: Double { min(max(520 / Double(rowCount), 7), 24) }
  private var bottom: Double { top + rowHeight * Double(rowCount) }
  private var steps: Int { max(tree.nodes.map(\.step).max() ?? 1, 1) }
  private func x(_ state: Int) -> Double { left + (right - left) * Double(tree.nodes[state].step) / Double(steps) }
  private func y(_ state: Int) -> Double { top + rowHeight * (Double(rows[state]) + 0.5) }
  private var mostImprovement: Double { growth.compactMap { $0?.improvement }.filter(\.isFinite).max() ?? 0 }

  func svg(task: AgentTask) -> String {
    let name = SVG.fitted("Task \(task.id)", width: width - 40, fontSize: 15.5)
    let request = SVG.fitted(task.request, width: width - 40, fontSize: 12)
    let content =
      [SVG.label(name, "title", x: 20, y: 30), .label(request, "subtitle", x: 20, y: 50)] + bestPath
      + tree.nodes.indices.dropFirst().map(edge) + tree.nodes.indices.map(node) + rewards + axis + legend
    return SVG.picture(
      "cox-tree", width: width, height: bottom + 84, title: "\(name): \(request)", description: description,
      style: Self.style, role: picked == nil ? "img" : "group", content)
  }

  private var description: String {
    let finished = tree.nodes.count { $0.isFinished }
    return
      "\(counted(tree.nodes.count, "state")) reached by \(counted(tree.choices.count, "choice")), \(counted(finished, "finished attempt"))"
      + (best.map { "; best reward \(Format.number(tree.nodes[$0].reward))" } ?? "") + "."
  }

  // MARK: - States

  private func path(to state: Int, from parent: Int) -> String {
    let (x1, y1, x2, y2) = (x(parent), y(parent), x(state), y(state))
    let middle = x1 + (x2 - x1) * 0.35
    func point(_ x: Double, _ y: Double) -> String { "\(SVG.coordinate(x)) \(SVG.coordinate(y))" }
    return "M\(point(x1, y1))C\(point(middle, y1)) \(point(x1 + 4, y2)) \(point(middle + 6, y2))H\(SVG.coordinate(x2))"
  }

  private func edge(_ state: Int) -> SVG {
    guard let parent = tree.nodes[state].parent else { return SVG("g") }
    return SVG("path", ["class": "edge \(colour(state))", "d": path(to: state, from: parent)])
  }

  private func node(_ state: Int) -> SVG {
    let radius = min(3.4, rowHeight * 0.3)
    var marks = [
      SVG.tooltip(story(of: state)),
      SVG("circle", ["class": "dot \(colour(state))", "cx": x(state), "cy": y(state), "r": radius]),
    ]
    if let call = growth[state]?.call, rowHeight >= 10 {
      marks.append(.label("\(call)", "call", x: x(state) - radius - 2, y: y(state) - 2.5, anchor: "end"))
    }
    guard picked?[state] == true else { return SVG("g", ["class": "state"], marks) }
    // The pointer needs more than the dot.
    marks.append(
      SVG("circle", ["class": "hit", "cx": x(state), "cy": y(state), "r": max(radius, min(rowHeight / 2, 9))]))
    return SVG(
      "g",
      [
        "class": "state", "data-line": state, "role": "button", "tabindex": state == first ? 0 : -1,
        "aria-label": story(of: state).replacing("\n", with: "; "),
      ], marks)
  }

  private func story(of state: Int) -> String {
    let node = tree.nodes[state]
    var lines: [String] = []
    if let (call, improvement) = growth[state] {
      lines.append("Choice \(call), for an expected improvement of \(Format.number(improvement))")
      lines.append("\(node.step). " + SVG.fitted(node.action, width: 480, fontSize: 11))
    } else {
      lines.append("The start")
    }
    lines.append(
      node.isFinished
        ? "finished, reward \(Format.number(node.reward))"
        : "reward so far \(Format.number(node.reward)), expected in the end \(Format.number(node.expected))")
    if draws[state] > 0 {
      lines.append("extended \(counted(draws[state], "time")), to \(counted(children[state].count, "state"))")
    }
    return lines.joined(separator: "\n")
  }

  private var rewards: [SVG] {
    tree.nodes.indices.filter { tree.nodes[$0].isFinished }.compactMap { state in
      guard rowHeight >= 9 || state == best else { return nil }
      let text = (state == best ? "★ " : "") + Format.number(tree.nodes[state].reward)
      return .label(text, state == best ? "best" : "reward", x: x(state) + 9, y: y(state) + 3.5)
    }
  }

  private var bestPath: [SVG] {
    guard var state = best else { return [] }
    var parts: [SVG] = []
    while let parent = tree.nodes[state].parent {
      parts.append(SVG("path", ["class": "ancestry", "d": path(to: state, from: parent)]))
      state = parent
    }
    return parts
  }

  // MARK: - Axis and legend

  private var axis: [SVG] {
    let y = bottom + 6
    var content = [SVG.line("axis", left, y, right, y), .label("steps", "muted", x: right + 12, y: y + 16)]
    for tick in Axis(steps: steps).ticks {
      let x = left + (right - left) * tick / Double(steps)
      content += [
        .line("axis", x, y, x, y + 4),
        .label(Format.number(tick, digits: 0), "muted", x: x, y: y + 16, anchor: "middle"),
      ]
    }
    return content
  }

  private var legend: [SVG] {
    let y = bottom + 50
    let caption = "Numbers: choices in order. Colour: expected improvement, 0"
    var x = 26 + SVG.width(of: caption, fontSize: 11)
    var content = [SVG.label(caption, "legend", x: 20, y: y + 4)]
    for level in 0..<Viridis.levels {
      content.append(SVG("rect", ["class": "bar v\(level)", "x": x, "y": y - 6, "width": 13, "height": 12]))
      x += 12
    }
    let most = Format.number(mostImprovement)
    content.append(.label(most, "legend", x: x + 8, y: y + 4))
    x += 24 + SVG.width(of: most, fontSize: 11)
    guard best != nil else { return content }
    return content + [
      SVG("path", ["class": "ancestry", "d": "M\(SVG.coordinate(x)) \(SVG.coordinate(y))h22"]),
      .label("led to the best", "legend", x: x + 29, y: y + 4),
    ]
  }

  private func colour(_ state: Int) -> String {
    guard let improvement = growth[state]?.improvement, mostImprovement > 0 else { return "v0" }
    return "v\(Viridis.level(of: improvement / mostImprovement))"
  }

  static let style = Stylesheet(
    [
      (".edge", "fill:none;stroke-width:1.5;stroke-linecap:round"), (".dot", "stroke:#ffffff;stroke-width:1"),
      (".call", "font-size:8px;fill:#59636e"), (".reward", "font-size:10px"), (".best", "font-weight:bold"),
      (".ancestry", "fill:none;stroke:#ffd33d;stroke-opacity:0.55;stroke-width:8;stroke-linecap:round"),
    ] + values(Viridis.onLight),
    dark: [
      (".dot", "stroke:#0d1117"), (".call", "fill:#9da7b1"), (".ancestry", "stroke:#bb8009;stroke-opacity:0.55"),
    ] + values(Viridis.onDark))

  private static func values(_ colour: (Int) -> String) -> [Stylesheet.Rule] {
    (0..<Viridis.levels).flatMap { level -> [Stylesheet.Rule] in
      [(".edge.v\(level)", "stroke:\(colour(level))"), (".dot.v\(level),.bar.v\(level)", "fill:\(colour(level))")]
    }
  }
}
