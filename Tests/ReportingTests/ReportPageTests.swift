import Agents
import Foundation
import ParticleFilter
import Testing

@testable import Reporting

@Suite("A report's page")
struct ReportPageTests {
  private func page(_ items: [ReportPage.Item], anchors: [String] = ["a"], _ text: String = "Text") -> String {
    ReportPage(
      title: text, subtitle: text,
      sections: anchors.map { .init(anchor: $0, heading: text, prose: "\(text)\n\n\(text)", items: items) }
    ).html
  }

  @Test("names its own script and style, and nothing else")
  func policy() throws {
    let chart = XYChart(title: "", xTitle: "", yTitle: "", series: []).svg
    let html = page([.picture(svg: chart, caption: ""), .picture(svg: chart, caption: "")])
    let style = try #require(html.firstMatch(of: /<style>((?s).*?)<\/style>/)?.1)
    let script = try #require(html.firstMatch(of: /<script>((?s).*?)<\/script>/)?.1)
    #expect(html.contains("script-src 'sha256-\(SHA256.base64(String(script)))'"))
    #expect(html.contains("style-src 'sha256-\(SHA256.base64(String(style)))'"))
    #expect(html.contains("default-src 'none'") && !html.contains("unsafe"))
    // The two pictures share one style.
    #expect(html.matches(of: /<style/).count == 1)
    #expect(html.matches(of: /\.cox-xy \.diagonal\{/).count == 2)
    #expect(!html.contains(" style=\"") && !html.contains("http://www.w3.org/1999") && !html.contains("https://"))
    #expect(!script.contains("innerHTML"))
  }

  @Test("gives every section an anchor of its own")
  func anchors() {
    let html = page([], anchors: ["rewards", "rewards", "main", "story-0", "a b\"><", "", "rewards-heading"])
    let ids = html.matches(of: /\ id="([^"]*)"/).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    #expect(ids.contains("rewards") && ids.contains("rewards-2") && ids.contains("section-story-0"))
    for link in html.matches(of: /href="#([^"]*)"/) { #expect(ids.contains(String(link.1))) }
  }

  @Test("writes tables whose numbers keep to the right")
  func table() {
    var table = TextTable(title: "T<", columns: [.left("method"), .right("best")])
    table.append(["a&b", "0.738"])
    let html = page([.table(table)])
    #expect(html.contains("<caption>T&lt;</caption>"))
    #expect(html.contains("<th class=\"number\" scope=\"col\">best</th>"))
    #expect(html.contains("<th class=\"words\" scope=\"row\">a&amp;b</th><td class=\"number\">0.738</td>"))
  }

  @Test("a title is its own table's")
  func untitled() {
    let html = page([.table(TextTable(columns: [.left("method")], rows: [["amc"]]))], "Untitled")
    #expect(!html.contains("<caption>") && html.contains("aria-label=\"Table\""))
  }

  @Test(
    "escapes marks that combine with the character before", arguments: ["\"\u{301} x=\"", "<\u{301}b>", "&\u{20DD}lt;"])
  func combining(text: String) {
    var table = TextTable(title: text, columns: [.left(text)])
    table.append([text])
    let html = page([.table(table), .notes([text]), .picture(svg: "", caption: text)], text)
    #expect(!html.unicodeScalars.contains(text.unicodeScalars))
    #expect(html.unicodeScalars.contains(SVG.escaped(text).unicodeScalars))
  }

  @Test("is empty in order")
  func empty() {
    let html = ReportPage(title: "", sections: []).html
    #expect(html.contains("<main") && !html.contains("<nav"))
    #expect(!page([.populations([]), .notes([])]).contains("class=\"notes\""))
  }

  @Test(
    "digests as the standard says",
    arguments: [
      ("", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), ("abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE="
      ),
    ])
  func digest(text: String, expected: String) { #expect(SHA256.base64(text) == expected) }

  @Test("no text can end the data of the script")
  func data() throws {
    let text = "</script><!-- & \u{2028}\u{2029} \"\\"
    let json = ScriptData.json([text])
    #expect(!json.contains { "<>&\u{2028}\u{2029}".contains($0) })
    #expect(try JSONDecoder().decode([String].self, from: Data(json.utf8)) == [text])
  }
}
