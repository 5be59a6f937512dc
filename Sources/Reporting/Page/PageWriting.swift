import Foundation
import Steering

/// Writes a page's elements and keeps count of what must not occur twice in it.
struct PageWriting {
  /// The styles of the pictures, each once.
  private(set) var pictureStyles: [String] = []
  private var anchors: Set<String> = ["main", "contents"]
  private var stories = 0

  mutating func body(of page: ReportPage) -> SVG {
    let anchors = page.sections.map { anchor($0.anchor) }
    let links = zip(page.sections, anchors).map { section, anchor in
      SVG("li", [:], [SVG("a", ["href": "#\(anchor)"], [.text(section.heading)])])
    }
    var header = [SVG("h1", [:], [.text(page.title)])]
    if !page.subtitle.isEmpty { header.append(SVG("p", ["class": "subtitle"], [.text(page.subtitle)])) }
    let sections = zip(page.sections, anchors).map { section($0, anchor: $1) }
    return SVG(
      "body", [:],
      [SVG("a", ["class": "skip", "href": "#main"], [.text("Skip to the report")]), SVG("header", [:], header)]
        + (links.isEmpty ? [] : [SVG("nav", ["id": "contents", "aria-label": "Contents"], [SVG("ul", [:], links)])])
        + [SVG("main", ["id": "main", "tabindex": -1], sections + [.text("")])])
  }

  private mutating func section(_ section: ReportPage.Section, anchor: String) -> SVG {
    var content = [SVG("h2", ["id": "\(anchor)-heading"], [.text(section.heading)])]
    let prose = (section.prose ?? "").replacing("\r\n", with: "\n")
    for paragraph in prose.split(separator: "\n\n") { content.append(SVG("p", [:], [.text(String(paragraph))])) }
    for item in section.items { content += elements(of: item) }
    return SVG("section", ["id": anchor, "aria-labelledby": "\(anchor)-heading"], content)
  }

  private mutating func elements(of item: ReportPage.Item) -> [SVG] {
    switch item {
    case .table(let table): return [Self.element(of: table)]
    case .picture(let svg, let caption):
      return [figure([box(picture(svg), label: caption), SVG("figcaption", [:], [.text(caption)])], "picture")]
    case .notes(let notes):
      let entries = notes.map { SVG("li", [:], [.text($0)]) }
      return entries.isEmpty ? [] : [SVG("ul", ["class": "notes"], entries)]
    case .populations(let told): return told.isEmpty ? [] : [populations(told)]
    }
  }

  private static func element(of table: TextTable) -> SVG {
    func cell(_ name: String, _ text: String, _ column: Int, _ scope: String?) -> SVG {
      let side = table.columns[column].alignment == .right ? "number" : "words"
      let content = [SVG.text(text)]
      return scope.map { SVG(name, ["class": side, "scope": $0], content) } ?? SVG(name, ["class": side], content)
    }
    let headings = table.columns.enumerated().map { cell("th", $1.heading, $0, "col") }
    let rows = table.rows.map { row in
      SVG("tr", [:], row.enumerated().map { $0 == 0 ? cell("th", $1, 0, "row") : cell("td", $1, $0, nil) })
    }
    let caption = table.title.map { [SVG("caption", [:], [.text($0)])] } ?? []
    let parts = [SVG("thead", [:], [SVG("tr", [:], headings)])] + (rows.isEmpty ? [] : [SVG("tbody", [:], rows)])
    return box(SVG("table", [:], caption + parts), label: table.title ?? "Table")
  }

  /// What may be wider than the page scrolls by itself, also by keys.
  private static func box(_ content: SVG, label: String) -> SVG {
    SVG("div", ["class": "box", "tabindex": 0, "role": "region", "aria-label": label], [content])
  }

  private func box(_ content: SVG, label: String) -> SVG { Self.box(content, label: label) }

  private func figure(_ content: [SVG], _ classes: String) -> SVG { SVG("figure", ["class": classes], content) }

  /// A picture whose style, shared by all of its kind, is the page's.
  private mutating func picture(_ svg: String) -> SVG {
    guard let start = svg.range(of: "<style>"), let end = svg.range(of: "</style>"), start.upperBound <= end.lowerBound
    else { return .written(svg) }
    let style = String(svg[start.upperBound..<end.lowerBound])
    if !pictureStyles.contains(style) { pictureStyles.append(style) }
    return .written(String(svg[..<start.lowerBound] + svg[end.upperBound...]))
  }

  /// Letters, digits and hyphens that no other anchor of the page has.
  private mutating func anchor(_ wanted: String) -> String {
    let plain = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    // What begins with "story-" is a place in a population.
    let base = plain.isEmpty || plain.hasPrefix("story-") ? "section-\(plain)" : plain
    var name = base
    var number = 2
    while anchors.contains(name) || anchors.contains("\(name)-heading") || name.hasSuffix("-heading") {
      name = "\(base)-\(number)"
      number += 1
    }
    anchors.insert(name)
    return name
  }
}

// MARK: - Populations

extension PageWriting {
  private mutating func populations(_ told: [PopulationStory]) -> SVG {
    let first = stories
    stories += told.count
    var content: [SVG] = []
    if told.count > 1 {
      let options = told.enumerated().map { place, story in
        SVG(
          "option", ["value": first + place],
          [.text(SVG.fitted("\(story.task.id), \(story.method)", width: 640, fontSize: 11))])
      }
      content.append(
        SVG(
          "p", ["class": "choice"],
          [
            SVG(
              "label", [:],
              [.text("Population "), SVG("select", ["class": "stories", "autocomplete": "off"], options)])
          ]))
    }
    for (place, story) in told.enumerated() { content.append(self.story(story, number: first + place)) }
    return SVG("div", ["class": "populations"], content)
  }

  private mutating func story(_ story: PopulationStory, number: Int) -> SVG {
    let told = ToldStory(story)
    let lines = told.ancestry.lines
    let hooks = lines.indices.map { "Particle \(lines[$0].place), \(told.remarks(on: $0))" }
    let final = told.ancestry.finalLines
    let drawing = GenealogyDrawing(
      told.ancestry, task: story.task, rewards: final.map { told.lives[$0]?.trajectory.reward ?? .nan },
      histories: told.lives.map { $0?.trajectory },
      failed: Set(final.indices.filter { told.lives[final[$0]]?.failure != nil }), hooks: hooks)
    let request = told.lives.lazy.compactMap { $0?.trajectory.request }.first ?? story.task.request
    let heading = SVG("h3", [:], [.text("Task \(story.task.id)")])
    let texts = SVG(
      "figcaption", [:],
      [heading, SVG("p", ["class": "method"], [.text(story.method)]), SVG("p", ["class": "request"], [.text(request)])])
    let data = SVG(
      "script", ["type": "application/json", "class": "data"],
      [.written(ScriptData.json(StoryData(told, layout: drawing.layout)))])
    return SVG(
      "figure", ["class": "story", "id": "story-\(number)"],
      [
        texts, box(picture(drawing.svg(task: story.task)), label: "Picture of the population"), data,
      ])
  }
}

/// JSON inside a page.
enum ScriptData {
  /// No text in it can close the element that holds it, or end a line of a script.
  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "∞", negativeInfinity: "−∞", nan: "–")
    // Nothing in these values can fail to be encoded; an empty object shows no transcripts.
    guard let data = try? encoder.encode(value) else { return "{}" }
    var result = ""
    for scalar in String(decoding: data, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "<", ">", "&", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
