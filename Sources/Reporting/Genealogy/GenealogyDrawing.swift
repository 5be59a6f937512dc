import Agents
import Foundation
import ParticleFilter
import Steering

/// Draws a population, from the back to the front.
struct GenealogyDrawing: Sendable {
  let descent: Descent
  let rewards: [Double]
  /// The steps of each line of the descent from the task's start, where they are known.
  let histories: [[Step]?]
  /// The rewards of culled particles that had finished.
  let bank: [Descent.Cull: Double]
  let failed: Set<Int>
  let layout: GenealogyLayout
  /// What a script and a screen reader need of each line; nil for a picture to look at.
  var hooks: [String]?

  func svg(task: AgentTask) -> String {
    let name = SVG.fitted("Task \(task.id)", width: layout.width - 40, fontSize: 15.5)
    let request = SVG.fitted(task.request, width: layout.width - 40, fontSize: 12)
    // A page says both above the picture, at full length.
    var content =
      hooks == nil ? [SVG.label(name, "title", x: 20, y: 30), .label(request, "subtitle", x: 20, y: 50)] : []
    content += time + bestAncestry
    content += (0..<descent.count).map(particle)
    content += clones + cullMarks + finalRewards + GenealogyLegend(drawing: self).content
    return SVG.picture(
      "cox-genealogy", width: layout.width, height: layout.bottom + 98, top: hooks == nil ? 0 : 54,
      title: "\(name): \(request)",
      description: description, style: Self.style, role: hooks == nil ? "img" : "group", content)
  }

  /// The steps of what was at a place in a segment, from the task's start, or those of what it led to.
  func steps(_ segment: Int, _ place: Int) -> [Step]? {
    histories[descent.lineNumbers[segment][place]]
      ?? descent.descendants[segment][place].flatMap { histories[descent.lineNumbers[descent.stops.count][$0]] }
  }

  /// The best reward, finished and culled particles included.
  var best: Double? { (rewards + bank.values).filter(\.isFinite).max() }

  /// Whether a line goes on after its last step.
  func waits(_ line: Int) -> Bool {
    let end = descent.lines[line].end.map { descent.stops[$0].step } ?? layout.steps
    return histories[line].map { $0.count < end } ?? false
  }

  private var description: String {
    let clones = descent.stops.indices.reduce(0) { $0 + forks(at: $1).count }
    let parts = [
      counted(descent.count, "particle"), counted(descent.stops.count, "checkpoint"),
      counted(descent.stops.count { $0.ancestors != nil }, "resampling"), counted(clones, "clone"),
      "\(Format.count(descent.culls.count)) culled",
    ]
    return parts.joined(separator: ", ") + (best.map { "; best reward \(Format.number($0))" } ?? "") + "."
  }

  private func forks(at stop: Int) -> [(ancestor: Int, place: Int)] {
    (descent.stops[stop].ancestors ?? []).enumerated().compactMap { place, ancestor in
      ancestor == place ? nil : (ancestor, place)
    }
  }

  // MARK: - Lines

  /// Where a place's line starts in a segment: a clone's after its curve.
  private func start(_ place: Int, _ segment: Int) -> Double {
    let from = layout.x(step: layout.span(segment).from)
    let isClone = segment > 0 && descent.stops[segment - 1].ancestor(of: place) != place
    return isClone ? from + layout.bend(segment) : from
  }

  private func particle(_ place: Int) -> SVG {
    let label = SVG.label(
      "\(place)", "muted \(layout.textSize)", x: layout.left - 10, y: layout.y(place) + layout.fontSize * 0.36,
      anchor: "end")
    let lines = descent.lines.indices.filter { descent.lines[$0].place == place }
    return SVG("g", ["class": "particle"], [label] + lines.map(line))
  }

  private func line(_ number: Int) -> SVG {
    let line = descent.lines[number]
    var content = line.segments(of: descent).flatMap { segment($0, line.place) }
    for stop in descent.stops[line.stops(of: descent)] {
      content.append(
        SVG(
          "circle",
          [
            "class": "dot \(colour(stop.softValue(at: line.place)))", "cx": layout.x(step: stop.step),
            "cy": layout.y(line.place), "r": min(3.2, layout.rowHeight * 0.22),
          ]))
    }
    guard let hooks else { return SVG("g", ["class": "life"], content) }
    let segments = line.segments(of: descent)
    let from = layout.x(step: layout.span(segments.lowerBound).from)
    // The whole row is a target, also where nothing is drawn.
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
    let heir = descent.descendants[segment][place]
    let steps = steps(segment, place)
    // A trajectory that ended waits for the others.
    let ended = max(from, min(to, steps?.count ?? to))
    let start = start(place, segment)
    let stop = ended < to ? max(start, layout.x(step: ended)) : layout.end(segment)
    let value = segment < descent.stops.count ? descent.stops[segment].softValue(at: place) : nil
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

  /// What happened to a particle between two checkpoints, in words.
  private func story(of place: Int, in segment: Int, _ value: Double?, steps: [Step]?) -> String {
    let (from, to) = layout.span(segment)
    var lines = ["Particle \(place), " + (from < to ? "steps \(from + 1) to \(to)" : "after step \(from)")]
    if segment < descent.stops.count { lines.append(value.map { "V \(Format.number($0))" } ?? "no value") }
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
    descent.stops.indices.flatMap { stop in
      forks(at: stop).map { ancestor, place in
        let isFertile = descent.descendants[stop + 1][place] != nil
        return SVG(
          "path",
          [
            "class": "clone \(isFertile ? "fertile" : "childless")",
            "d": "M\(point(layout.x(step: descent.stops[stop].step), ancestor))"
              + bend(stop, from: ancestor, to: place),
          ], [.tooltip("Particle \(place) continues as a copy of \(ancestor)")])
      }
    }
  }

  private func bend(_ stop: Int, from ancestor: Int, to place: Int) -> String {
    let x = layout.x(step: descent.stops[stop].step)
    let bend = layout.bend(stop + 1)
    return "C\(point(x + bend * 0.6, ancestor)) \(point(x + bend * 0.4, place)) \(point(x + bend, place))"
  }

  private func point(_ x: Double, _ place: Int) -> String {
    "\(SVG.coordinate(x)) \(SVG.coordinate(layout.y(place)))"
  }

  /// The path that led to the best, below everything else.
  private var bestAncestry: [SVG] {
    guard let best, let (place, segment) = firstPlace(with: best) else { return [] }
    let places = descent.lineage(of: place, at: segment)
    var path = "M\(point(layout.left, places[0]))"
    for (number, place) in places.enumerated() {
      if number > 0, places[number - 1] != place { path += bend(number - 1, from: places[number - 1], to: place) }
      path += "H\(SVG.coordinate(layout.end(number)))"
    }
    return [SVG("path", ["class": "ancestry", "d": path, "stroke-width": min(9, layout.rowHeight * 0.6)])]
  }

  private func firstPlace(with best: Double) -> (place: Int, segment: Int)? {
    if let place = rewards.prefix(descent.count).firstIndex(of: best) { return (place, descent.stops.count) }
    return descent.culls.first { bank[$0] == best }.map { ($0.place, $0.stop) }
  }

  /// The class of a critic value: its share of the range of all, or "valueless".
  func colour(_ value: Double?) -> String {
    guard let value, let range = descent.softValueRange else { return "valueless" }
    let width = range.upperBound - range.lowerBound
    return "v\(Viridis.level(of: width > 0 ? (value - range.lowerBound) / width : 1))"
  }
}
