import Agents
import Reporting
import Testing

extension ReportPageTests {
  @Test(
    "no text becomes markup",
    arguments: [
      "<img src=x onerror=window.__pwned=1>", "</script><script>window.__pwned=1</script>",
      "</style><script>window.__pwned=1</script>",
      "javascript:window.__pwned=1", "\"><svg onload=window.__pwned=1>", "'-window.__pwned=1-'", "]]><!--<script>",
      "${window.__pwned=1}",
      "\u{2028}window.__pwned=1//", "\u{202E}txt\u{1B}[31m",
    ])
  func injection(attack: String) async throws {
    let story = Stories.small { "\($0) \(attack)" }
    let html = Stories.page([story, story]) { "\($0) \(attack)" }.html
    let shown = visible(attack)
    // The text as shown in places that hold one line only.
    let folded = visible(attack.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    try await Browser.with { tools, folder in
      let page = try await Page.open(html, in: tools, folder)
      try await page.click(line(1), at: 0.9)
      func holds(_ selector: String, _ words: String, isFolded: Bool = false) async throws {
        let text = try await page.text(
          "[...document.querySelectorAll(\(JSONValue.text(selector).json))].map((found) => found.textContent).join('\\n')"
        )
        #expect(text.contains("\(words) \(isFolded ? folded : shown)"), "\(selector): \(text)")
      }
      try await holds("h1", "48 tasks")
      try await holds("title", "48 tasks")
      try await holds("header .subtitle", "β 0.1")
      try await holds("nav", "Rewards")
      try await holds("h2", "Populations")
      try await holds("p", "look into.")
      try await holds("caption", "over tasks)")
      try await holds("thead th", "method")
      try await holds("tbody th", "amc")
      try await holds(".notes li", "were replaced.")
      try await holds(".picture figcaption", "one standard error.")
      try await holds(".cox-xy", "best-of")
      try await holds("option", "melt-7", isFolded: true)
      try await holds(".story h3", "Task melt-7")
      try await holds(".method", "N 3, β 0.1")
      try await holds(".request", "Melt the ice.")
      try await holds(".cox-genealogy title", "take pot", isFolded: true)
      try await holds(".remarks", "failed: the world was lost")
      try await holds(".content dd", "I should use stove")
      try await holds(".content dd.action", "use stove")
      try await holds(".content dd", "You use stove.")
      try await holds(".content dd", "You are in the kitchen.")
      try await page.click(line(3), at: 0.9, shift: true)
      try await holds(".pair dd.action", "heat pot")
      #expect(try await page.isTrue("window.__pwned === undefined"))
      #expect(
        try await page.isTrue("document.querySelectorAll('img, iframe, object, a:not([href^=\"#\"])').length === 0"))
      #expect(try await page.isTrue("document.scripts.length === 3"))
      #expect(await page.complaints.isEmpty)
    }
  }
}
