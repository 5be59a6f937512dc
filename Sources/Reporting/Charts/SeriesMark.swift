/// A shape and a colour for each method or series. Either of them identifies it.
enum SeriesMark {
  /// The CSS class of the series' colour.
  static func colour(_ place: Int) -> String { "m\(place % colours.count)" }

  static func mark(_ place: Int, x: Double, y: Double) -> SVG {
    let classes = "mark \(colour(place))"
    switch place % 4 {
    case 0: return SVG("circle", ["class": classes, "cx": x, "cy": y, "r": 5])
    case 1: return SVG("rect", ["class": classes, "x": x - 4.5, "y": y - 4.5, "width": 9, "height": 9])
    case 2: return SVG("path", ["class": classes, "d": path([(0, -6), (6, 0), (0, 6), (-6, 0)], x, y)])
    default: return SVG("path", ["class": classes, "d": path([(0, -6), (5.5, 4), (-5.5, 4)], x, y)])
    }
  }

  /// A legend in one or several rows.
  ///
  /// - Parameter y: the baseline of the first row; on return, the baseline of what follows.
  static func legend(_ names: [String], width: Double, _ y: inout Double) -> [SVG] {
    var content: [SVG] = []
    var x = 20.0
    for (place, name) in names.enumerated() {
      let text = SVG.fitted(name, width: width - 80, fontSize: 11)
      let length = SVG.width(of: text, fontSize: 11) + 40
      if x > 20, x + length > width {
        x = 20
        y += 18
      }
      content += [mark(place, x: x + 6, y: y - 4), .label(text, "legend", x: x + 17, y: y)]
      x += length
    }
    y += 14
    return content
  }

  /// Whiskers, lines and marks. The colours follow Okabe and Ito (2008), darker in light mode and brighter in dark
  /// mode.
  static let style = Stylesheet(
    [
      (".whisker", "stroke-width:2"), (".cap", "stroke-width:2"), (".path", "stroke-width:2;fill-opacity:0"),
      (".diagonal", "stroke:#59636e;stroke-width:1.2;stroke-dasharray:5 4"),
    ] + rules(colours.map(\.light)),
    dark: [(".diagonal", "stroke:#9da7b1")] + rules(colours.map(\.dark)))

  private static let colours: [(light: String, dark: String)] = [
    ("#57606a", "#aeb7c0"), ("#0072b2", "#58b4e9"), ("#c2500a", "#f0914a"), ("#00805e", "#35c79a"),
    ("#a6478a", "#e394c9"), ("#806000", "#e3c04f"), ("#b3161c", "#ff7b72"), ("#5b45c2", "#a99bff"),
  ]

  private static func rules(_ colours: [String]) -> [Stylesheet.Rule] {
    colours.enumerated().map { (".m\($0.offset)", "fill:\($0.element);stroke:\($0.element)") }
  }

  private static func path(_ corners: [(Double, Double)], _ x: Double, _ y: Double) -> String {
    "M" + corners.map { "\(SVG.coordinate(x + $0.0)) \(SVG.coordinate(y + $0.1))" }.joined(separator: "L") + "Z"
  }
}
