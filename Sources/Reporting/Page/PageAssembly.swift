import Foundation
import Steering

/// Converts a report into the data of its templates, and keeps anchors and styles of a page unique.
struct PageAssembly {
  /// The distinct styles of the pictures.
  private(set) var pictureStyles: [String] = []
  private var anchors: Set<String> = ["main", "contents"]
  private var stories = 0

  mutating func section(_ section: ReportPage.Section) -> PageData.Section {
    let prose = (section.prose ?? "").replacing("\r\n", with: "\n")
    return PageData.Section(
      anchor: anchor(section.anchor), heading: section.heading,
      paragraphs: prose.split(separator: "\n\n").map(String.init), items: section.items.map { item($0) })
  }

  private mutating func item(_ item: ReportPage.Item) -> PageData.Item {
    switch item {
    case .table(let table): PageData.Item(table: PageData.Table(table))
    case .picture(let svg, let caption):
      PageData.Item(picture: PageData.Picture(svg: picture(svg), caption: caption))
    case .notes(let notes): PageData.Item(notes: notes.isEmpty ? nil : PageData.Notes(entries: notes))
    case .populations(let stories): PageData.Item(populations: stories.isEmpty ? nil : populations(stories))
    case .trajectories(let archive):
      PageData.Item(archive: archive.count == 0 ? nil : PageData.Archive(data: archive.json))
    }
  }

  /// A picture without its style. Pictures of one kind share a style, which is moved to the page.
  private mutating func picture(_ svg: String) -> String {
    guard let start = svg.range(of: "<style>"), let end = svg.range(of: "</style>"), start.upperBound <= end.lowerBound
    else { return svg }
    let style = String(svg[start.upperBound..<end.lowerBound])
    if !pictureStyles.contains(style) { pictureStyles.append(style) }
    return String(svg[..<start.lowerBound] + svg[end.upperBound...])
  }

  /// A unique anchor of the page, made of letters, digits and hyphens.
  private mutating func anchor(_ wanted: String) -> String {
    let plain = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    // The prefix "story-" is reserved for links to populations.
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

  // MARK: - Populations

  private mutating func populations(_ populations: [PopulationStory]) -> PageData.Populations {
    PageData.Populations(hasChoice: populations.count > 1, stories: populations.map { story($0) })
  }

  private mutating func story(_ story: PopulationStory) -> PageData.Populations.Story {
    defer { stories += 1 }
    let told = ToldStory(story)
    let drawing = GenealogyDrawing(told)
    return PageData.Populations.Story(
      number: stories, choice: SVG.fitted("\(story.task.id), \(story.method)", width: 640, fontSize: 11),
      task: "\(story.task.id)", method: story.method,
      request: told.lives.lazy.compactMap { $0?.trajectory.request }.first ?? story.task.request,
      svg: picture(drawing.svg(task: story.task)), data: ScriptData.json(StoryData(told, layout: drawing.layout)))
  }
}

extension PageData.Table {
  init(_ table: TextTable) {
    func cell(_ text: String, _ column: Int) -> Cell {
      Cell(side: table.columns[column].alignment == .right ? "number" : "words", text: text)
    }
    caption = table.title
    label = table.title ?? "Table"
    headings = table.columns.enumerated().map { cell($1.heading, $0) }
    rows = table.rows.map { row in
      let cells = row.enumerated().map { cell($1, $0) }
      return Row(name: cells.first, cells: Array(cells.dropFirst()))
    }
  }
}
