import Foundation

/// A report as one HTML file: tables, pictures and populations to look into, with nothing fetched from anywhere.
///
/// ```swift
/// let page = ReportPage(
///   title: "Orders", subtitle: "48 tasks, 8 particles",
///   sections: [
///     .init(anchor: "rewards", heading: "Rewards", items: comparison.tables.map(ReportPage.Item.table)),
///     .init(anchor: "populations", heading: "Populations", items: [.populations(stories)]),
///   ])
/// try page.html.write(toFile: "report.html", atomically: true, encoding: .utf8)
/// ```
///
/// All texts are shown literally and never become markup. A Content-Security-Policy allows only the page's own script
/// and style, and no network access.
package struct ReportPage: Sendable {
  package enum Item: Sendable {
    case table(TextTable)
    /// An SVG of this library, such as ``XYChart/svg``, and its caption.
    case picture(svg: String, caption: String)
    case notes([String])
    /// Populations, shown one at a time.
    case populations([PopulationStory])
    /// Trajectories in a list with a filter.
    case trajectories(TrajectoryArchive)
  }

  package struct Section: Sendable {
    /// The fragment of links to the section. Characters other than letters and digits become hyphens.
    package let anchor: String
    package let heading: String
    /// Paragraphs separated by empty lines; nil for none.
    package let prose: String?
    package let items: [Item]

    package init(anchor: String, heading: String, prose: String? = nil, items: [Item] = []) {
      self.anchor = anchor
      self.heading = heading
      self.prose = prose
      self.items = items
    }
  }

  package let title: String
  package let subtitle: String
  package let sections: [Section]

  package init(title: String, subtitle: String = "", sections: [Section]) {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections
  }

  /// The complete HTML file. A link to `#story-K/LINE@STEP` opens a transcript of story K, counted from 0. A link to
  /// `#story-K/LINE@STEP/OTHER` opens two transcripts side by side.
  package var html: String {
    var assembly = PageAssembly()
    let sections = sections.map { assembly.section($0) }
    let style = ([SharedPage.stylesheet] + assembly.pictureStyles).joined(separator: "\n")
    return PageTemplates.html(
      PageData(
        title: title, subtitle: subtitle.isEmpty ? nil : subtitle, hasSections: !sections.isEmpty, sections: sections,
        style: style, styleDigest: SHA256.base64(style), script: Self.script, scriptDigest: SHA256.base64(Self.script)))
  }

  /// In order of dependency.
  private static let script =
    "(() => {\n\"use strict\";\n"
    + [
      PackageResources.parts_js, PackageResources.story_js, PackageResources.transcript_js, PackageResources.marks_js,
      PackageResources.browser_js, PackageResources.archive_js,
    ].map {
      String(decoding: $0, as: UTF8.self)
    }.joined(separator: "\n") + "})();\n"
}
