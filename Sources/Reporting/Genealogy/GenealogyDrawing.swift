import Agents
import Foundation
import ParticleFilter
import Steering

/// Draws a population, from back to front.
struct GenealogyDrawing: Sendable {
  let ancestry: Ancestry
  let rewards: [Double]
  /// The steps of each line since the start of the task; nil if unknown.
  let histories: [[Step]?]
  /// The rewards of culled particles that had finished.
  let bank: [Ancestry.Cull: Double]
  let failed: Set<Int>
  /// The smallest and the largest V; nil without values.
  let softValueRange: ClosedRange<Double>?
  let layout: GenealogyLayout
  /// The labels of the lines for the script and for screen readers; nil for a static picture.
  var hooks: [String]?

  func svg(task: AgentTask) -> String {
    let name = SVG.fitted("Task \(task.id)", width: layout.width - 40, fontSize: 15.5)
    let request = SVG.fitted(task.request, width: layout.width - 40, fontSize: 12)
    // A page shows the task and its request in full above the picture.
    var content =
      hooks == nil ? [SVG.label(name, "title", x: 20, y: 30), .label(request, "subtitle", x: 20, y: 50)] : []
    content += time + bestAncestry
    content += (0..<ancestry.count).map(particle)
    content += clones + cullMarks + finalRewards + GenealogyLegend(drawing: self).content
    return SVG.picture(
      "cox-genealogy", width: layout.width, height: layout.bottom + 98, top: hooks == nil ? 0 : 54,
      title: "\(name): \(request)",
      description: description, style: Self.style, role: hooks == nil ? "img" : "group", content)
  }

  /// The steps of the particle at `place` in a segment since the start of the task. If unknown, those of a descendant.
  func steps(_ segment: Int, _ place: Int) -> [Step]? {
    histories[ancestry.lineNumbers[segment][place]]
      ?? ancestry.descendants[segment][place].flatMap { histories[ancestry.finalLines[$0]] }
  }

  /// The best reward, with finished and culled particles included.
  var best: Double? { (rewards + bank.values).filter(\.isFinite).max() }

  /// Whether the line continues after its trajectory's last step.
  func waits(_ line: Int) -> Bool {
    histories[line].map { $0.count < ancestry.end(of: line) ?? layout.steps } ?? false
  }

  private var description: String {
    let clones = ancestry.checkpoints.reduce(0) { $0 + $1.forks }
    let parts = [
      counted(ancestry.count, "particle"), counted(ancestry.checkpoints.count, "checkpoint"),
      counted(ancestry.checkpoints.count { $0.ancestors != nil }, "resampling"), counted(clones, "clone"),
      "\(Format.count(ancestry.culls.count)) culled",
    ]
    return parts.joined(separator: ", ") + (best.map { "; best reward \(Format.number($0))" } ?? "") + "."
  }

  // MARK: - Lines

  /// Where the line of `place` begins in a segment. A clone's line begins after its curve.
  private func start(_ place: Int, _ segment: Int) -> Double {
    let from = layout.x(step: layout.span(segment).from)
    let isClone = segment > 0 && ancestry.checkpoints[segment - 1].ancestor(of: place) != place
    return isClone ? from + layout.bend(segment) : from
  }

  private func particle(_ place: Int) -> SVG {
    let label = SVG.label(
      "\(place)", "muted \(layout.textSize)", x: layout.left - 10, y: layout.y(place) + layout.fontSize * 0.36,
      anchor: "end")
    let lines = ancestry.lines.indices.filter { ancestry.lines[$0].place == place }
    return SVG("g", ["class": "particle"], [label] + lines.map(line))
  }

  private func line(_ number: Int) -> SVG {
    let line = ancestry.lines[number]
    var content = ancestry.segments(of: number).flatMap { segment($0, line.place) }
    for stop in ancestry.checkpoints[ancestry.checkpoints(of: number)] {
      content.append(
        SVG(
          "circle",
          [
            "class": "dot \(colour(stop.softValue(at: line.place)))", "cx": layout.x(step: stop.step),
            "cy": layout.y(line.place), "r": min(3.2, layout.rowHeight * 0.22),
          ]))
    }
    guard let hooks else { return SVG("g", ["class": "life"], content) }
    let segments = ancestry.segments(of: number)
    let from = layout.x(step: layout.span(segments.lowerBound).from)
    // The whole row responds to the pointer, including parts without a drawing.
    let target = SVG(
      "rect",
      [
        "class": "hit", "x": from, "y": layout.y(line.place) - layout.rowHeight / 2 + 0.5,
        "width": max(layout.end(segments.upperBound - 1) - from, 10), "height": layout.rowHeight - 1, "rx": 3,
      ])
    return SVG(
      "g",
      [
        "class": "life", "data-line": number, "role": "button", "tabindex": number == 0 ? 0 : -1,
        "aria-label": hooks[number],
      ], [target] + content)
  }

  private func segment(_ segment: Int, _ place: Int) -> [SVG] {
    let (from, to) = layout.span(segment)
    let y = layout.y(place)
    let heir = ancestry.descendants[segment][place]
    let steps = steps(segment, place)
    // A trajectory that has ended waits for the others.
    let ended = max(from, min(to, steps?.count ?? to))
    let start = start(place, segment)
    let stop = ended < to ? max(start, layout.x(step: ended)) : layout.end(segment)
    let value = segment < ancestry.checkpoints.count ? ancestry.checkpoints[segment].softValue(at: place) : nil
    let tooltip = SVG.tooltip(story(of: place, in: segment, value, steps: steps))
    var content: [SVG] = []
    if stop > start {
      content.append(
        SVG(
          "line",
          [
            "class": "\(heir == nil ? "childless" : "fertile") \(colour(value))", "x1": start, "y1": y, "x2": stop,
            "y2": y,
          ], [tooltip]))
    }
    if ended < to {
      content.append(
        SVG(
          "line",
          [
            "class": "waiting", "x1": stop, "y1": y, "x2": layout.end(segment), "y2": y,
          ], [tooltip]))
    }
    return content
  }

  /// A description of a particle between two checkpoints.
  private func story(of place: Int, in segment: Int, _ value: Double?, steps: [Step]?) -> String {
    let (from, to) = layout.span(segment)
    var lines = ["Particle \(place), " + (from < to ? "steps \(from + 1) to \(to)" : "after step \(from)")]
    if segment < ancestry.checkpoints.count { lines.append(value.map { "V \(Format.number($0))" } ?? "no value") }
    if let steps, from < steps.count {
      let actions = steps[from..<min(max(to, from), steps.count)]
      lines += actions.prefix(8).enumerated().map { offset, step in
        "\(from + offset + 1). " + SVG.fitted(step.action.text, width: 480, fontSize: 11)
      }
      if actions.count > 8 { lines.append("…") }
    }
    return lines.joined(separator: "\n")
  }

  private var clones: [SVG] {
    ancestry.checkpoints.enumerated().flatMap { stop, checkpoint in
      checkpoint.copies.map { place, ancestor in
        let isFertile = ancestry.descendants[stop + 1][place] != nil
        return SVG(
          "path",
          [
            "class": "clone \(isFertile ? "fertile" : "childless")",
            "d": "M\(point(layout.x(step: checkpoint.step), ancestor))"
              + bend(stop, from: ancestor, to: place),
          ], [.tooltip("Particle \(place) continues as a copy of \(ancestor)")])
      }
    }
  }

  private func bend(_ stop: Int, from ancestor: Int, to place: Int) -> String {
    let x = layout.x(step: ancestry.checkpoints[stop].step)
    let bend = layout.bend(stop + 1)
    return "C\(point(x + bend * 0.6, ancestor)) \(point(x + bend * 0.4, place)) \(point(x + bend, place))"
  }

  private func point(_ x: Double, _ place: Int) -> String {
    "\(SVG.coordinate(x)) \(SVG.coordinate(layout.y(place)))"
  }

  /// The path to the best reward, drawn below everything else.
  private var bestAncestry: [SVG] {
    guard let best, let (place, segment) = firstPlace(with: best) else { return [] }
    let places = ancestry.lineage(of: place, in: segment)
    var path = "M\(point(layout.left, places[0]))"
    for (number, place) in places.enumerated() {
      if number > 0, places[number - 1] != place { path += bend(number - 1, from: places[number - 1], to: place) }
      path += "H\(SVG.coordinate(layout.end(number)))"
    }
    return [SVG("path", ["class": "ancestry", "d": path, "stroke-width": min(9, layout.rowHeight * 0.6)])]
  }

  private func firstPlace(with best: Double) -> (place: Int, segment: Int)? {
    if let place = rewards.prefix(ancestry.count).firstIndex(of: best) { return (place, ancestry.checkpoints.count) }
    return ancestry.culls.first { bank[$0] == best }.map { ($0.place, $0.checkpoint) }
  }

  /// The CSS class of a critic value: its level in the range of all values, or "valueless".
  func colour(_ value: Double?) -> String {
    guard let value, let range = softValueRange else { return "valueless" }
    let width = range.upperBound - range.lowerBound
    return "v\(Viridis.level(of: width > 0 ? (value - range.lowerBound) / width : 1))"
  }
}
