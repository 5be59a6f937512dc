import Findings
import Steering

/// A picture of one answer of a tuned model. Tokens are shaded by the base's entropy. Forks are framed and show the
/// base's preferred token. A bar chart shows where in the answers forks occur.
package enum ForkPicture {
  /// A standalone SVG, 720 wide, for light and dark pages.
  ///
  /// - Returns: nil if there is no answer to show.
  package static func svg(_ findings: TokenFindings) -> String? {
    findings.example.map { ForkDrawing($0, tenths: TokenTable.tenths(findings), forks: findings.forks).svg }
  }
}

private struct ForkDrawing {
  private let answer: ForkedAnswer
  private let tenths: [Double]
  private let forks: Int
  private let shown: ArraySlice<ForkedAnswer.Token>

  private let width = 720.0
  private let margin = 20.0
  private let rowHeight = 42.0
  private let boxHeight = 22.0
  /// The most tokens shown. Longer answers end with a note.
  private static let most = 240

  init(_ answer: ForkedAnswer, tenths: [Double], forks: Int) {
    self.answer = answer
    self.tenths = tenths
    self.forks = forks
    shown = answer.tokens.prefix(Self.most)
  }

  var svg: String {
    var y = 30.0
    var content = [SVG.label(SVG.fitted(title, width: width - 40, fontSize: 15.5), "title", x: margin, y: y)]
    y += 19
    content.append(.label(SVG.fitted(subtitle, width: width - 40, fontSize: 12), "subtitle", x: margin, y: y))
    y += 24
    content += legend(&y)
    content += tokens(&y)
    if forks > 0 { content += strip(&y) }
    return SVG.picture(
      "cox-forks", width: width, height: y + 14, title: title, description: description, style: Self.style, content)
  }

  private var title: String { "An answer to \(answer.task)" }
  private var subtitle: String {
    "\(counted(answer.tokens.count, "token")), \(counted(answer.forks, "fork")), reward \(Format.short(answer.reward))"
  }

  private var description: String {
    let forks = shown.enumerated().filter(\.element.isFork).prefix(40).map { place, token in
      "Token \(place + 1), \(Self.quoted(token.text)): the base prefers \(Self.quoted(token.basePrefers)), "
        + "the tuned model \(Self.quoted(token.tunedPrefers)), base entropy \(Format.number(token.entropy, digits: 2))."
    }
    return ([subtitle + "."] + forks).joined(separator: " ")
  }

  private static func quoted(_ text: String) -> String { "“\(SVG.fitted(text, width: 200, fontSize: 11))”" }

  /// A token's text on one line. Spaces and line ends are shown, since they are part of the token. `↵` is used for line
  /// ends, since few fonts have the sign of ``visible(_:keepingLayout:)``.
  private static func shown(_ text: String, width: Double, fontSize: Double) -> String {
    let marked = text.replacing(" ", with: "·")
    return SVG.fitted(marked.isEmpty ? "∅" : marked.replacing("\n", with: "↵"), width: width, fontSize: fontSize)
  }

  /// The number of shades, from 0 nats to 2 nats and more.
  private static let levels = 6
  private static func level(_ entropy: Double) -> Int {
    guard entropy.isFinite else { return 0 }
    return min(max(Int(entropy / 2 * Double(levels)), 0), levels - 1)
  }

  private func tokens(_ y: inout Double) -> [SVG] {
    var content: [SVG] = []
    var x = margin
    for (place, token) in shown.enumerated() {
      let text = Self.shown(token.text, width: 260, fontSize: 12)
      let other = token.isFork ? Self.shown(token.basePrefers, width: 160, fontSize: 10) : ""
      let size = max(SVG.width(of: text, fontSize: 12) + 10, SVG.width(of: other, fontSize: 10) + 6, 18)
      if x > margin, x + size > width - margin {
        x = margin
        y += rowHeight
      }
      var box = [
        SVG.tooltip(tooltip(token, place)),
        SVG(
          "rect",
          [
            "class": "token h\(Self.level(token.entropy))" + (token.isFork ? token.isNear ? " fork" : " fork far" : ""),
            "x": x, "y": y + 14, "width": size, "height": boxHeight, "rx": 3,
          ]),
        .label(text, "words", x: x + size / 2, y: y + 29, anchor: "middle"),
      ]
      if token.isFork { box.append(.label(other, "other", x: x + size / 2, y: y + 9, anchor: "middle")) }
      content.append(SVG("g", ["class": "place"], box))
      x += size + 4
      if token.text.contains("\n"), place + 1 < shown.count {
        x = margin
        y += rowHeight
      }
    }
    y += rowHeight + 6
    if shown.count < answer.tokens.count {
      content.append(
        .label(
          "… and \(counted(answer.tokens.count - shown.count, "more token"))", "muted", x: margin, y: y + 6))
      y += 20
    }
    return content
  }

  private func tooltip(_ token: ForkedAnswer.Token, _ place: Int) -> String {
    "Token \(place + 1): \(Self.quoted(token.text)), base entropy \(Format.number(token.entropy, digits: 2)) nats"
      + (token.isFork
        ? "; the base prefers \(Self.quoted(token.basePrefers)), the tuned model \(Self.quoted(token.tunedPrefers))"
        : "")
  }

  private func legend(_ y: inout Double) -> [SVG] {
    var content: [SVG] = [.label("base entropy, nats: 0", "muted", x: margin, y: y + 4)]
    var x = margin + 126
    for level in 0..<Self.levels {
      content.append(
        SVG("rect", ["class": "token key h\(level)", "x": x, "y": y - 7, "width": 18, "height": 14]))
      x += 18
    }
    content.append(.label("2 and more", "muted", x: x + 6, y: y + 4))
    x += 84
    for (classes, words) in [
      ("fork", "fork, and what the base prefers"), ("fork far", "the same, outside the base's top five"),
    ] {
      let length = 25 + SVG.width(of: words, fontSize: 11) + 12
      if x + length > width - margin {
        x = margin
        y += 20
      }
      content += [
        SVG("rect", ["class": "token key h0 \(classes)", "x": x, "y": y - 7, "width": 18, "height": 14, "rx": 3]),
        .label(words, "muted", x: x + 25, y: y + 4),
      ]
      x += length
    }
    y += 20
    return content
  }

  /// Ten bars: the share of all answers' forks in each tenth of the answer.
  private func strip(_ y: inout Double) -> [SVG] {
    let (left, step, height) = (margin, 42.0, 46.0)
    var content: [SVG] = [
      .label("Where in the answers the \(counted(forks, "fork")) fall, by tenths", "strong", x: left, y: y + 10)
    ]
    y += 26
    let most = max(tenths.max() ?? 0, 1e-9)
    for (place, share) in tenths.enumerated() {
      let x = left + Double(place) * step
      let size = share.isFinite ? max(share, 0) / most * height : 0
      content.append(
        SVG(
          "g", [:],
          [
            .tooltip("Tenth \(place + 1): \(Format.number(share * 100, digits: 1)) %"),
            SVG("rect", ["class": "bar", "x": x, "y": y + 10 + height - size, "width": step - 8, "height": size]),
            .label(
              "\(Format.number(share * 100, digits: 0)) %", "muted", x: x + (step - 8) / 2, y: y + 6 + height - size,
              anchor: "middle"),
          ]))
    }
    content.append(.line("axis", left, y + 10 + height, left + 10 * step - 8, y + 10 + height))
    y += height + 24
    content += [
      .label("start", "muted", x: left, y: y), .label("end", "muted", x: left + 10 * step - 8, y: y, anchor: "end"),
    ]
    return content
  }

  /// From the background colour to amber. Text stays dark in light mode and light in dark mode.
  private static let style = Stylesheet(
    [
      (".token", "stroke:#d9dee3;stroke-width:1"), (".words", "font-size:12px"),
      (".other", "font-size:10px;fill:#a6268a;font-weight:bold"), (".fork", "stroke:#a6268a;stroke-width:2.2"),
      (".far", "stroke-dasharray:4 3"), (".bar", "fill:#a6268a"),
    ] + shades(["#f6f8fa", "#fdf0d5", "#fbe0a8", "#f8cd76", "#f3b845", "#eaa221"]),
    dark: [
      (".token", "stroke:#30363d"), (".other", "fill:#f0a0e0"), (".fork", "stroke:#f0a0e0"), (".bar", "fill:#f0a0e0"),
    ] + shades(["#161b22", "#2b2416", "#44361a", "#5d481c", "#76591c", "#8f6a18"]))

  private static func shades(_ colours: [String]) -> [Stylesheet.Rule] {
    colours.enumerated().map { (".h\($0.offset)", "fill:\($0.element)") }
  }
}
