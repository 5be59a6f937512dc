import Mustache

/// Templates of the report page, from `Templates/`. `{{ }}` escapes with ``SVG/escaped(_:)``; `{{{ }}}` writes pictures, data,
/// style and script, which are safe already.
enum PageTemplates {
  /// - Returns: the whole file.
  static func html(_ page: PageData) -> String { library.render(page, withTemplate: "page") ?? "" }

  private static let library: MustacheLibrary = {
    MustacheContentTypes.register(PageText(), named: PageText.name)
    let sources = [
      "page": PackageResources.page_mustache, "section": PackageResources.section_mustache,
      "table": PackageResources.table_mustache, "populations": PackageResources.populations_mustache,
    ]
    // Every partial starts anew with the library's own escaping, so each template states the page's.
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

/// Text of the page. Mustache's own escaping works by characters, so `"` with a combining mark would pass it and close an
/// attribute; it leaves control characters as they are, too.
private struct PageText: MustacheContentType {
  static let name = "coxswain-page"

  func escapeText(_ text: String) -> String { SVG.escaped(text) }
}
