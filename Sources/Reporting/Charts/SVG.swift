import Foundation

/// A piece of SVG that is well formed for any text in it.
struct SVG: Sendable, Hashable {
  let markup: String

  /// Escapes text for XML: `&`, `<`, `>` and quotes become entities. Characters that are invalid in XML or invisible
  /// are made visible. Line feeds and tabs stay.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in visible(text, keepingLayout: true).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// - Parameter attributes: numbers are rounded to hundredths, and all other values are escaped.
  init(_ name: String, _ attributes: KeyValuePairs<String, any CustomStringConvertible> = [:], _ content: [SVG] = []) {
    let written = attributes.map { key, value in
      let text = if let number = value as? Double { SVG.coordinate(number) } else { SVG.escaped(value.description) }
      return " \(key)=\"\(text)\""
    }
    let opening = "<\(name)\(written.joined())"
    markup = content.isEmpty ? opening + "/>" : opening + ">" + content.map(\.markup).joined() + "</\(name)>"
  }

  private init(markup: String) { self.markup = markup }

  static func text(_ content: String) -> SVG { SVG(markup: escaped(content)) }

  /// A text element.
  static func label(
    _ content: String, _ classes: String, x: Double, y: Double, anchor: String = "start"
  ) -> SVG {
    SVG("text", ["class": classes, "x": x, "y": y, "text-anchor": anchor], [.text(content)])
  }

  static func line(_ classes: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> SVG {
    SVG("line", ["class": classes, "x1": x1, "y1": y1, "x2": x2, "y2": y2])
  }

  /// The tooltip of the enclosing element, also read by screen readers.
  static func tooltip(_ content: String) -> SVG { SVG("title", [:], [.text(content)]) }

  /// Rounded to hundredths; 0 for coordinates that are not finite.
  static func coordinate(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let text = String(format: "%d.%02d", abs(hundredths) / 100, abs(hundredths) % 100)
    let short = text.hasSuffix(".00") ? text.dropLast(3) : text.hasSuffix("0") ? text.dropLast() : text[...]
    return (hundredths < 0 ? "-" : "") + short
  }

  /// A complete picture. Its style is limited to its own elements, so that a page can hold several pictures.
  ///
  /// - Parameter top: the part above this coordinate is cropped.
  static func picture(
    _ scope: String, width: Double, height: Double, top: Double = 0, title: String, description: String,
    style: Stylesheet,
    role: String = "img", _ content: [SVG]
  ) -> String {
    let size = "0 \(coordinate(top)) \(coordinate(width)) \(coordinate(height - top))"
    return SVG(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": scope, "role": role, "viewBox": size, "width": width,
        "height": height - top,
      ],
      [
        SVG("title", [:], [.text(title)]), SVG("desc", [:], [.text(description)]),
        SVG("style", [:], [SVG(markup: style.css(scope: scope))]),
        SVG("rect", ["class": "ground", "y": top, "width": width, "height": height - top, "rx": 6]),
      ] + content
    ).markup
  }
}
