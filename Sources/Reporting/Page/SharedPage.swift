/// The parts that the report page and the live page have in common.
package enum SharedPage {
  /// The style of text, tables and transcripts.
  package static let stylesheet = String(decoding: PackageResources.report_css, as: UTF8.self)

  /// The styles of all pictures, for a page that shows them one after another.
  package static let pictureStyles = [
    GenealogyDrawing.style.css(scope: "cox-genealogy"), TreePicture.style.css(scope: "cox-tree"),
  ].joined(separator: "\n")

  /// Functions that make elements, as a module.
  package static let module =
    String(decoding: PackageResources.parts_js, as: UTF8.self)
    + "\nexport { element, figuresLine, partList, svgElement };\n"

  /// A picture of this library without its style, for a page that has ``pictureStyles``.
  package static func withoutStyle(_ svg: String) -> String {
    guard let start = svg.range(of: "<style>"), let end = svg.range(of: "</style>"), start.upperBound <= end.lowerBound
    else { return svg }
    return String(svg[..<start.lowerBound] + svg[end.upperBound...])
  }
}
