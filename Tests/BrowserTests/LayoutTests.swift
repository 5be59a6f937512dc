import Agents
import Reporting
import Testing

extension ReportPageTests {
  @Test("fits a phone and a desk, in light and in dark", arguments: [(360, true), (1_280, false)])
  func sizes(width: Int, isPhone: Bool) async throws {
    try await open([Stories.small(), Stories.large(particles: 16, steps: 12, seed: 1)]) { page in
      var grounds: Set<String> = []
      for scheme in ["light", "dark"] {
        try await page.resize(width: width, height: 740, isPhone: isPhone)
        try await page.setColours(scheme)
        try await page.click(line(3))
        try await page.click(line(1), shift: true)
        #expect(try await page.read("#story-0 .pair").contains("heat pot"))
        #expect(try await page.isTrue("document.documentElement.scrollWidth <= innerWidth"))
        #expect(try await page.text("innerWidth") == "\(width)")
        // Content that is wider than the page scrolls in its own box.
        #expect(
          try await page.isTrue(
            """
            [...document.querySelectorAll(".box, .content")].every((box) =>
              box.getBoundingClientRect().right <= innerWidth && getComputedStyle(box).overflowX === "auto")
            """))
        grounds.insert(try await page.text("getComputedStyle(document.body).backgroundColor"))
        #expect(try await contrast(page, ".figures") >= 4.5)
        #expect(try await contrast(page, ".story .help") >= 4.5)
      }
      #expect(grounds.count == 2)
    }
  }

  /// The contrast of a text against the nearest background behind it, as defined by WCAG 2.
  private func contrast(_ page: Page, _ selector: String) async throws -> Double {
    let number = try await page.value(
      """
      (() => { const element = document.querySelector(\(JSONValue.text(selector).json));
        const read = (colour) => colour.match(/[\\d.]+/g).map(Number);
        let ground = element; while (read(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
        const light = (colour) => read(colour).slice(0, 3).map((part) => part / 255)
          .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
          .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
        const pair = [light(getComputedStyle(element).color), light(getComputedStyle(ground).backgroundColor)];
        return ((Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)).toFixed(3); })()
      """)
    return Double(number.shown) ?? 0
  }
}
