import Mustache

/// The templates of the report page, from `Templates/`. `{{ }}` escapes with ``SVG/escaped(_:)``. `{{{ }}}` writes
/// pictures, data, style and script, which are already safe.
enum PageTemplates {
  /// - Returns: the complete HTML file.
  static func html(_ page: PageData) -> String { library.render(page, withTemplate: "page") ?? "" }

  private static let library: MustacheLibrary = {
    MustacheContentTypes.register(PageText(), named: PageText.name)
    let sources = [
      "page": PackageResources.page_mustache, "section": PackageResources.section_mustache,
      "table": PackageResources.table_mustache, "populations": PackageResources.populations_mustache,
      "trajectories": PackageResources.trajectories_mustache,
    ]
    // Each partial starts with the library's default escaping, so every template sets the page's escaping.
    let templates = sources.mapValues { source in
      "{{% CONTENT_TYPE: \(PageText.name) }}\n" + String(decoding: source, as: UTF8.self)
    }
    do {
      return MustacheLibrary(templates: try templates.mapValues(MustacheTemplate.init(string:)))
    } catch {
      preconditionFailure("A template of the page is malformed: \(error)")
    }
  }()
}

/// The escaping of the page. Mustache's own escaping works on characters: a `"` with a combining mark would pass and
/// close an attribute. It also leaves control characters unchanged.
private struct PageText: MustacheContentType {
  static let name = "coxswain-page"

  func escapeText(_ text: String) -> String { SVG.escaped(text) }
}
