import Foundation

extension GenealogyDrawing {
  /// The checkpoints above, the steps below, and faint lines between.
  var time: [SVG] {
    let bottom = layout.bottom
    var content = [SVG.label("reward", "muted", x: layout.right + 20, y: 91)]
    if !descent.stops.isEmpty {
      content += [.label("step", "muted", x: 20, y: 76), .label("ESS", "muted", x: 20, y: 91)]
    }
    let labelled = labelledStops
    for (number, stop) in descent.stops.enumerated() {
      let x = layout.x(step: stop.step)
      let isResampling = stop.ancestors != nil
      var marks = [SVG.line(isResampling ? "stop resampled" : "stop", x, layout.top - 8, x, bottom)]
      if isResampling {
        marks.append(Self.flag("flag", x: x, tip: layout.top - 4))
      }
      if labelled.contains(number) {
        let classes = isResampling ? "strong" : "muted"
        marks += [
          .label("\(stop.step)", classes, x: x, y: 76, anchor: "middle"),
          .label(Format.number(stop.effectiveSampleSize, digits: 1), classes, x: x, y: 91, anchor: "middle"),
        ]
      }
      let verb = isResampling ? "resampled" : "weighed"
      let size = Format.number(stop.effectiveSampleSize, digits: 1)
      let tooltip = SVG.tooltip("After step \(stop.step): \(verb), effective sample size \(size) of \(descent.count)")
      content.append(SVG("g", ["class": "checkpoint"], [tooltip] + marks))
    }
    return content + steps
  }

  /// The sign of a resampling.
  static func flag(_ classes: String, x: Double, tip: Double) -> SVG {
    let (west, east, back) = (SVG.coordinate(x - 4.5), SVG.coordinate(x + 4.5), SVG.coordinate(tip - 7))
    return SVG(
      "path", ["class": classes, "d": "M\(SVG.coordinate(x)) \(SVG.coordinate(tip))L\(west) \(back)H\(east)Z"])
  }

  /// As many labels as fit, those of resamplings first.
  private var labelledStops: Set<Int> {
    let order =
      descent.stops.indices.filter { descent.stops[$0].ancestors != nil }
      + descent.stops.indices.filter { descent.stops[$0].ancestors == nil }
    var taken: [(number: Int, x: Double)] = []
    for number in order {
      let x = layout.x(step: descent.stops[number].step)
      if taken.allSatisfy({ abs($0.x - x) >= 30 }) { taken.append((number, x)) }
    }
    return Set(taken.map(\.number))
  }

  private var steps: [SVG] {
    let y = layout.bottom + 6
    var content = [SVG.line("axis", layout.left, y, layout.lastStep, y)]
    for tick in Axis(steps: layout.steps).ticks {
      let x = layout.left + (layout.lastStep - layout.left) * tick / Double(max(layout.steps, 1))
      content += [
        .line("axis", x, y, x, y + 4),
        .label(Format.number(tick, digits: 0), "muted", x: x, y: y + 16, anchor: "middle"),
      ]
    }
    return content + [.label("steps", "muted", x: layout.right + 20, y: y + 16)]
  }

  static let style = Stylesheet(
    [
      ("line,path", "fill:none;stroke-linecap:round"),
      (".fertile", "stroke-width:2.6"), (".childless", "stroke-width:1.4;stroke-opacity:0.9"),
      (".waiting", "stroke:#8c959f;stroke-width:1.2;stroke-dasharray:1 4"),
      (".clone", "stroke:#59636e"), (".clone.fertile", "stroke-width:1.8"), (".clone.childless", "stroke-width:1"),
      (".stop", "stroke:#c8ced4;stroke-width:1;stroke-dasharray:2 3"),
      (".stop.resampled", "stroke:#8c959f;stroke-dasharray:none"), (".flag", "fill:#59636e"),
      (".culled", "stroke:#cf222e;stroke-width:1.8"), (".ancestry", "stroke:#ffd33d;stroke-opacity:0.55"),
      (".s9", "font-size:9px"), (".s10", "font-size:10px"), (".best", "font-weight:bold"),
      (".banked", "font-size:10px"),
      (".valueless", "stroke:#6e7781;fill:#6e7781"), (".dot", "stroke:#ffffff;stroke-width:1"),
    ] + values(Viridis.onLight),
    dark: [
      (".waiting", "stroke:#6e7681"), (".clone", "stroke:#9da7b1"), (".stop", "stroke:#343b44"),
      (".stop.resampled", "stroke:#6e7681"), (".flag", "fill:#9da7b1"), (".culled", "stroke:#ff7b72"),
      (".ancestry", "stroke:#bb8009;stroke-opacity:0.55"),
      (".valueless", "stroke:#8b949e;fill:#8b949e"), (".dot", "stroke:#0d1117"),
    ] + values(Viridis.onDark))

  /// A stroke for lines, and a fill for dots and for the legend's bar.
  private static func values(_ colour: (Int) -> String) -> [Stylesheet.Rule] {
    (0..<Viridis.levels).flatMap { level -> [Stylesheet.Rule] in
      [
        ("line.v\(level)", "stroke:\(colour(level))"),
        (".dot.v\(level),.bar.v\(level)", "fill:\(colour(level))"),
      ]
    }
  }
}

/// What the colours and marks of a genealogy mean.
struct GenealogyLegend {
  let drawing: GenealogyDrawing

  var content: [SVG] {
    let y = drawing.layout.bottom + 48
    return bar(y) + marks(y + 26)
  }

  private func bar(_ y: Double) -> [SVG] {
    guard let range = drawing.descent.softValueRange else {
      return [.label("The critic gave no values.", "muted", x: 20, y: y + 4)]
    }
    let caption = "Critic's value V where a segment ends:"
    var x = 26 + SVG.width(of: caption, fontSize: 11)
    var content = [SVG.label(caption, "legend", x: 20, y: y + 4)]
    let isFlat = range.lowerBound == range.upperBound
    if !isFlat {
      let least = Format.number(range.lowerBound)
      content.append(.label(least, "muted", x: x, y: y + 4))
      x += SVG.width(of: least, fontSize: 11) + 6
    }
    for level in isFlat ? Viridis.levels - 1..<Viridis.levels : 0..<Viridis.levels {
      content.append(SVG("rect", ["class": "bar v\(level)", "x": x, "y": y - 6, "width": 13, "height": 12]))
      x += 12
    }
    let most = Format.number(range.upperBound)
    let end = x + 8 + SVG.width(of: most, fontSize: 11)
    return content + [
      .label(most, "muted", x: x + 8, y: y + 4), .line("fertile valueless key", end + 16, y, end + 38, y),
      .label("no value", "legend", x: end + 45, y: y + 4),
    ] + (drawing.descent.stops.contains { $0.ancestors != nil } ? resampled(end + 112, y) : [])
  }

  private func resampled(_ x: Double, _ y: Double) -> [SVG] {
    [GenealogyDrawing.flag("flag key", x: x + 5, tip: y + 4), .label("resampled", "legend", x: x + 16, y: y + 4)]
  }

  private func marks(_ y: Double) -> [SVG] {
    var x = 20.0
    var content: [SVG] = []
    func add(_ width: Double, _ text: String, _ sample: (Double) -> SVG) {
      content += [sample(x), .label(text, "legend", x: x + width + 7, y: y + 4)]
      x += width + 7 + SVG.width(of: text, fontSize: 11) + 16
    }
    func coordinates(_ numbers: Double...) -> String { numbers.map(SVG.coordinate).joined(separator: " ") }
    if !drawing.descent.culls.isEmpty {
      add(9, "culled") { SVG("path", ["class": "culled key", "d": "M\(coordinates($0, y - 4))l8 8m-8 0l8-8"]) }
      add(22, "clone") {
        SVG("path", ["class": "fertile clone key", "d": "M\(coordinates($0, y + 5))c12 0 10-10 22-10"])
      }
      add(22, "has descendants") { .line("fertile valueless key", $0, y, $0 + 22, y) }
      add(22, "has none") { .line("childless valueless key", $0, y, $0 + 22, y) }
    }
    if drawing.descent.lines.indices.contains(where: drawing.waits) {
      add(22, "ended, waits") { .line("waiting key", $0, y, $0 + 22, y) }
    }
    if drawing.best != nil {
      add(22, "led to the best") {
        SVG("path", ["class": "ancestry key", "d": "M\(coordinates($0, y))h22", "stroke-width": 9])
      }
    }
    return content
  }
}
