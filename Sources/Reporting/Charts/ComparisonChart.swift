import Findings
import Steering

/// A chart of a comparison. Each figure has a row per method, with a dot at the mean and whiskers of one standard
/// error.
package enum ComparisonChart {
  /// A standalone SVG, 720 wide, for light and dark pages.
  package static func svg(_ comparison: Comparison) -> String { Chart(comparison).svg }
}

/// A figure with one estimate per method; nil for methods without it.
private struct Figure {
  let name: String
  let estimates: [MeanEstimate?]

  /// The values that the axis must cover.
  var reach: [Double] {
    estimates.compactMap(\.self).flatMap { [$0.mean, $0.mean - $0.se, $0.mean + $0.se] }.filter(\.isFinite)
  }
}

/// Figures on one axis.
private struct Panel {
  let figures: [Figure]
  let axis: Axis
  let unit: String
}

private struct Chart {
  let methods: [MethodSummary]
  /// With several variants of a method each row states its settings, and a legend would repeat them.
  private let hasVariants: Bool
  let panels: [Panel]

  private let width = 720.0
  private var left: Double { hasVariants ? 236 : 156 }
  private let right = 560.0
  private let rowHeight = 21.0

  init(_ comparison: Comparison) {
    methods = comparison.methods
    hasVariants = comparison.hasVariants
    let rewards = [
      Figure(name: "Best reward", estimates: methods.map(\.rewardBest)),
      Figure(name: "Selected reward", estimates: methods.map(\.rewardSelected.estimate)),
      Figure(name: "Mean over particles", estimates: methods.map(\.rewardMean)),
    ]
    let rewardAxis = Axis(covering: rewards.flatMap { $0.estimates.compactMap { $0?.mean }.filter(\.isFinite) })
    guard methods.contains(where: { $0.solvedBest != nil }) else {
      panels = [Panel(figures: rewards, axis: rewardAxis, unit: "reward")]
      return
    }
    let solved = Figure(name: "Solved", estimates: methods.map(\.solvedBest))
    // Shares and rewards have one axis only if all rewards are between 0 and 1.
    if rewardAxis.low == 0, rewardAxis.high == 1 {
      panels = [Panel(figures: [solved] + rewards, axis: rewardAxis, unit: "share of tasks, and reward")]
    } else {
      panels = [
        Panel(figures: [solved], axis: Axis(covering: [0, 1]), unit: "share of tasks"),
        Panel(figures: rewards, axis: Axis(covering: rewards.flatMap(\.reach)), unit: "reward"),
      ]
    }
  }

  var svg: String {
    var y = 30.0
    var content = [SVG.label(title, "title", x: 20, y: y)]
    y += 19
    content.append(.label("Dots are means over tasks, whiskers one standard error.", "subtitle", x: 20, y: y))
    y += 26
    if !hasVariants { content += legend(&y) }
    for panel in panels { content += draw(panel, &y) }
    return SVG.picture(
      "cox-comparison", width: width, height: y + 12, title: title, description: description, style: SeriesMark.style,
      content
    )
  }

  private var title: String {
    let tasks = Set(methods.map(\.tasks)).sorted()
    guard let fewest = tasks.first, let most = tasks.last else { return "No methods to compare" }
    let methods = counted(methods.count, hasVariants ? "variant" : "method")
    return fewest == most
      ? "\(methods) on \(counted(most, "task"))" : "\(methods) on \(fewest) to \(counted(most, "task"))"
  }

  private var description: String {
    methods.map { method in
      let solved = method.solvedBest.map { "solved \($0.text(overTasks: method.tasksWithReward)), " } ?? ""
      return "\(name(method)): \(solved)best reward \(method.rewardBest.text(overTasks: method.tasksWithReward)), "
        + "selected \(method.rewardSelected.estimate.text(overTasks: method.tasksWithReward)), "
        + "mean over particles \(method.rewardMean.text(overTasks: method.tasksWithReward))."
    }.joined(separator: " ")
  }

  private func name(_ method: MethodSummary) -> String { hasVariants ? method.variantName : method.method }

  private func legend(_ y: inout Double) -> [SVG] {
    let names = methods.map { method in
      let schedule = resampling(method)
      let size = method.budget.map { "\(Format.count($0)) calls" } ?? "N \(Format.count(method.particles))"
      let settings = [size] + (schedule == "–" ? [] : [schedule])
      return "\(method.method) (\(settings.joined(separator: ", ")))"
    }
    return SeriesMark.legend(names, width: width, &y)
  }

  private func draw(_ panel: Panel, _ y: inout Double) -> [SVG] {
    let top = y
    var rows: [SVG] = []
    for figure in panel.figures {
      y += 22
      rows.append(.label(figure.name, "strong", x: 20, y: y))
      y += 18
      for (place, estimate) in figure.estimates.enumerated() {
        rows.append(row(place, estimate, figure.name, panel.axis, y))
        y += rowHeight
      }
      y -= 6
    }
    y += 8
    var grid: [SVG] = []
    for tick in panel.axis.ticks {
      let x = position(tick, panel.axis)
      grid.append(.line(tick == 0 ? "axis" : "grid", x, top + 6, x, y))
      grid.append(.label(panel.axis.label(tick), "muted", x: x, y: y + 15, anchor: "middle"))
    }
    grid.append(.line("axis", left, y, right, y))
    grid.append(.label(panel.unit, "muted", x: (left + right) / 2, y: y + 32, anchor: "middle"))
    y += 40
    return grid + rows
  }

  private func row(_ place: Int, _ estimate: MeanEstimate?, _ figure: String, _ axis: Axis, _ y: Double) -> SVG {
    let method = methods[place]
    let text = estimate?.text(overTasks: method.tasksWithReward) ?? "–"
    var content = [
      SVG.tooltip("\(name(method)), \(figure): \(text)"),
      .label(SVG.fitted(name(method), width: left - 34, fontSize: 11), "name", x: left - 10, y: y + 4, anchor: "end"),
      .label(text, "value", x: right + 22, y: y + 4),
    ]
    if let estimate, estimate.mean.isFinite {
      if estimate.se.isFinite, estimate.se > 0 {
        let from = position(estimate.mean - estimate.se, axis)
        let to = position(estimate.mean + estimate.se, axis)
        content += [
          .line("whisker \(SeriesMark.colour(place))", from, y, to, y),
          .line("cap \(SeriesMark.colour(place))", from, y - 4, from, y + 4),
          .line("cap \(SeriesMark.colour(place))", to, y - 4, to, y + 4),
        ]
      }
      content.append(SeriesMark.mark(place, x: position(estimate.mean, axis), y: y))
    }
    return SVG("g", ["class": "row"], content)
  }

  /// Clipped slightly beyond the ends of the axis, so that whiskers do not reach the text.
  private func position(_ value: Double, _ axis: Axis) -> Double {
    left + min(max(axis.share(of: value), -0.02), 1.02) * (right - left)
  }
}
