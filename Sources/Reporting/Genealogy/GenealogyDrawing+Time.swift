import Foundation

extension GenealogyDrawing {
  /// The labels of checkpoints above and of steps below, with faint lines between them.
  var time: [SVG] {
    let bottom = layout.bottom
    var content = [SVG.label("reward", "muted", x: layout.right + 20, y: 91)]
    if !ancestry.checkpoints.isEmpty {
      content += [.label("step", "muted", x: 20, y: 76), .label("ESS", "muted", x: 20, y: 91)]
    }
    let labelled = labelledStops
    for (number, stop) in ancestry.checkpoints.enumerated() {
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
      let tooltip = SVG.tooltip("After step \(stop.step): \(verb), effective sample size \(size) of \(ancestry.count)")
      content.append(SVG("g", ["class": "checkpoint"], [tooltip] + marks))
    }
    return content + steps
  }

  /// The mark of a resampling.
  static func flag(_ classes: String, x: Double, tip: Double) -> SVG {
    let (west, east, back) = (SVG.coordinate(x - 4.5), SVG.coordinate(x + 4.5), SVG.coordinate(tip - 7))
    return SVG(
      "path", ["class": classes, "d": "M\(SVG.coordinate(x)) \(SVG.coordinate(tip))L\(west) \(back)H\(east)Z"])
  }

  /// The checkpoints whose labels fit. Resamplings take precedence.
  private var labelledStops: Set<Int> {
    let order =
      ancestry.checkpoints.indices.filter { ancestry.checkpoints[$0].ancestors != nil }
      + ancestry.checkpoints.indices.filter { ancestry.checkpoints[$0].ancestors == nil }
    var taken: [(number: Int, x: Double)] = []
    for number in order {
      let x = layout.x(step: ancestry.checkpoints[number].step)
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

  /// Strokes for lines, and fills for dots and for the legend's bar.
  private static func values(_ colour: (Int) -> String) -> [Stylesheet.Rule] {
    (0..<Viridis.levels).flatMap { level -> [Stylesheet.Rule] in
      [
        ("line.v\(level)", "stroke:\(colour(level))"),
        (".dot.v\(level),.bar.v\(level)", "fill:\(colour(level))"),
      ]
    }
  }
}
