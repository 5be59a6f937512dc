/// Draws a chart of points.
struct XYDrawing {
  private let chart: XYChart
  /// The points that can be drawn, in order of x.
  private let points: [[XYChart.Point]]
  private let xScale: XScale
  private let yAxis: Axis

  private let width = 720.0
  private let left = 76.0
  private let right = 690.0
  private let plotHeight = 300.0

  init(_ chart: XYChart) {
    self.chart = chart
    points = chart.series.map { series in
      series.points.filter { point in
        abs(point.x) < 1e15 && abs(point.mean) < 1e15 && (chart.scale == .linear || point.x >= 1e-15)
      }.sorted { $0.x < $1.x }
    }
    let all = points.flatMap(\.self)
    let heights = all.flatMap { [$0.mean] + ($0.se > 0 ? [$0.mean - $0.se, $0.mean + $0.se] : []) }
    if chart.hasDiagonal {
      yAxis = Axis(fitting: all.flatMap { [$0.x, $0.mean] })
      xScale = .linear(yAxis)
    } else {
      // Shares keep an axis that ends at 1 even if a whisker goes past it.
      let means = Axis(fitting: all.map(\.mean))
      yAxis = means.low == 0 && means.high == 1 ? Axis(sharesFrom: heights.min() ?? 0) : Axis(fitting: heights)
      xScale = XScale(all.map(\.x), chart.scale)
    }
  }

  var svg: String {
    var y = 30.0
    var content = [SVG.label(SVG.fitted(chart.title, width: width - 40, fontSize: 15.5), "title", x: 20, y: y)]
    y += 26
    content += SeriesMark.legend(chart.series.map(\.name), width: width, &y)
    // The title of the vertical axis is horizontal and above it, so that it is easy to read.
    y += 8
    content.append(.label(SVG.fitted(chart.yTitle, width: width - 40, fontSize: 11), "muted", x: 20, y: y))
    let top = y + 16
    content += grid(top) + diagonal(top)
    for place in chart.series.indices { content += series(place, top) }
    return SVG.picture(
      "cox-xy", width: width, height: top + plotHeight + 50, title: chart.title, description: description,
      style: SeriesMark.style, content)
  }

  private var description: String {
    chart.series.indices.map { place in
      let texts = points[place].map { text($0) }
      return "\(chart.series[place].name): \(texts.isEmpty ? "no points" : texts.joined(separator: "; "))."
    }.joined(separator: " ")
  }

  private func text(_ point: XYChart.Point) -> String {
    let x = point.x == point.x.rounded() ? Format.count(Int(point.x)) : Format.number(point.x)
    let se = point.se > 0 ? " ± \(Format.number(point.se))" : ""
    return "\(chart.xTitle) \(x), \(chart.yTitle) \(Format.number(point.mean))\(se)"
  }

  private func grid(_ top: Double) -> [SVG] {
    let bottom = top + plotHeight
    var content: [SVG] = []
    for tick in yAxis.ticks {
      let y = height(tick, top)
      content += [
        .line(tick == 0 ? "axis" : "grid", left, y, right, y),
        .label(yAxis.label(tick), "muted", x: left - 10, y: y + 4, anchor: "end"),
      ]
    }
    for tick in xScale.ticks {
      let x = left + tick.share * (right - left)
      content += [
        .line("grid", x, top, x, bottom), .label(tick.label, "muted", x: x, y: bottom + 17, anchor: "middle"),
      ]
    }
    let title = SVG.fitted(chart.xTitle, width: right - left, fontSize: 11)
    return content + [
      .line("axis", left, top, left, bottom), .line("axis", left, bottom, right, bottom),
      .label(title, "muted", x: (left + right) / 2, y: bottom + 36, anchor: "middle"),
    ]
  }

  private func diagonal(_ top: Double) -> [SVG] {
    guard chart.hasDiagonal else { return [] }
    return [
      .line("diagonal", left, top + plotHeight, right, top),
      .label("y = x", "muted", x: right - 6, y: top + 44, anchor: "end"),
    ]
  }

  private func series(_ place: Int, _ top: Double) -> [SVG] {
    let colour = SeriesMark.colour(place)
    var content: [SVG] = []
    let corners = points[place].map {
      "\(SVG.coordinate(across($0, place))) \(SVG.coordinate(height($0.mean, top)))"
    }
    if chart.series[place].isLine, corners.count > 1 {
      content.append(SVG("path", ["class": "path \(colour)", "d": "M" + corners.joined(separator: "L")]))
    }
    for point in points[place] {
      let (x, y) = (across(point, place), height(point.mean, top))
      var marks = [SVG.tooltip("\(chart.series[place].name): \(text(point))")]
      if point.se > 0, point.se.isFinite {
        let (low, high) = (height(point.mean - point.se, top), height(point.mean + point.se, top))
        marks += [
          .line("whisker \(colour)", x, low, x, high), .line("cap \(colour)", x - 4, low, x + 4, low),
          .line("cap \(colour)", x - 4, high, x + 4, high),
        ]
      }
      content.append(SVG("g", ["class": "point"], marks + [SeriesMark.mark(place, x: x, y: y)]))
    }
    return content
  }

  /// Series are shifted slightly apart, so that whiskers do not overlap. Charts with a diagonal are exact and not
  /// shifted.
  private func across(_ point: XYChart.Point, _ place: Int) -> Double {
    let aside = chart.hasDiagonal ? 0 : (Double(place) - Double(chart.series.count - 1) / 2) * 3
    return left + xScale.share(of: point.x) * (right - left) + aside
  }

  /// Clipped slightly beyond the ends of the axis.
  private func height(_ value: Double, _ top: Double) -> Double {
    top + (1 - min(max(yAxis.share(of: value), -0.04), 1.04)) * plotHeight
  }
}
