import Agents
import Foundation
import Reporting
import TestTraits
import Testing

/// What a reader's browser makes of a report.
@Suite(
  "A report in a browser", .serialized, .alone, .timeLimit(.minutes(10)),
  .enabled(if: Browser.path != nil, "no chromium, chromium-browser or google-chrome on the path; make test installs one"))
struct ReportPageTests {
  /// Of the small story's picture.
  private func line(_ number: Int, story: Int = 0) -> String { "#story-\(story) [data-line=\"\(number)\"] .hit" }

  private func open<T: Sendable>(
    _ stories: [PopulationStory] = [Stories.small()], hash: String = "",
    _ body: @Sendable (Page) async throws -> T
  ) async throws -> T {
    let html = Stories.page(stories).html
    return try await Browser.with { tools, folder in
      try await body(try await Page.open(html, hash: hash, in: tools, folder))
    }
  }

  @Test("loads nothing else and makes the browser complain of nothing")
  func quiet() async throws {
    try await open([Stories.small(), Stories.large(particles: 64, steps: 9, seed: 1)]) { page in
      // Rows of 64 particles have texts of another size.
      try await page.click("#story-0 .hit")
      #expect(await page.complaints.isEmpty)
      let requests = await page.requests
      #expect(requests.allSatisfy { $0.hasPrefix("file:") } && Set(requests).count == 1)
      // The policy holds: an element that would run or load something does not.
      let loaded = try await page.isTrue(
        """
        new Promise((done) => { window.ran = false; const script = document.createElement("script");
          script.textContent = "window.ran = true"; document.body.append(script);
          const image = new Image(); image.onload = () => done(true); image.onerror = () => done(window.ran);
          image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw="; })
        """)
      #expect(!loaded)
    }
  }

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
        // What is wider than the page scrolls in a box of its own.
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

  /// Of a text and the nearest ground behind it, as WCAG 2 has it.
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

  @Test("a click opens the transcript of that particle at that step")
  func click() async throws {
    try await open { page in
      try await page.click(line(0), at: 0.5)
      #expect(try await page.read(".status") == "Reading particle 0 at step 1.")
      #expect(try await page.read(".step.picked dd.action") == "open door")
      #expect(try await page.read(".who .remarks").contains("culled after step 2"))
      let whole = try await page.read(".content")
      #expect(whole.contains("I should break pot") && whole.contains("You break pot.") && !whole.contains("heat pot"))
      #expect(whole.contains("critic 0.100 to come") && whole.contains("You are in the kitchen."))

      // The clone: its own steps, those before it was cloned, and the value its ancestor had there.
      try await page.click(line(3), at: 0.9)
      #expect(try await page.read(".status") == "Reading particle 0 at step 4.")
      #expect(try await page.read(".step.picked").contains("reward +0.750, 0.750 so far, done"))
      #expect(try await page.read(".step[data-step='2']").contains("critic 0.600 to come"))
      #expect(try await page.read(".remarks").contains("cloned from particle 1 after step 2, finished"))
      try await page.click(line(1), at: 0.9)
      #expect(try await page.read(".remarks").contains("failed: the world was lost"))
      try await page.click(line(2), at: 0.9)
      #expect(try await page.read(".remarks").contains("unfinished"))
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test("keys alone do the same")
  func keys() async throws {
    try await open { page in
      try await page.press("Tab")
      #expect(try await page.read(":focus") == "Skip to the report")
      #expect(try await page.isTrue("document.activeElement.getBoundingClientRect().left >= 0"))
      for _ in 0..<40 where try await !page.isTrue("document.activeElement.matches('g.life')") {
        try await page.press("Tab")
      }
      #expect(try await page.text("document.activeElement.dataset.line") == "0")
      #expect(try await page.text("document.activeElement.ariaLabel").contains("Particle 0, culled after step 2"))
      #expect(try await page.isTrue("getComputedStyle(document.activeElement.querySelector('.hit')).strokeWidth === '2px'"))
      try await page.press("Home")
      try await page.press("ArrowRight")
      try await page.press("Enter")
      #expect(try await page.read(".status") == "Reading particle 0 at step 1.")
      try await page.press("ArrowRight")
      #expect(try await page.read(".step.picked dd.action") == "break pot")
      // On in the same row to what took its place, and back to what that is a copy of.
      try await page.press("ArrowRight")
      #expect(try await page.text("document.activeElement.dataset.line") == "3")
      #expect(try await page.read(".step.picked dd.action") == "break pot")
      try await page.press(" ")
      #expect(try await page.read(".step.picked dd.action") == "heat pot")
      try await page.press("ArrowLeft")
      #expect(try await page.text("document.activeElement.dataset.line") == "1")
      try await page.press("ArrowDown")
      #expect(try await page.text("document.activeElement.dataset.line") == "2")
      try await page.press("Enter", shift: true)
      #expect(try await page.read(".status") == "Reading particle 0 and particle 2 at step 2.")
      try await page.press("Escape")
      #expect(try await page.isTrue("document.querySelector('.transcript').hidden"))
      #expect(try await page.text("document.activeElement.dataset.line") == "3")
      #expect(try await page.text("location.hash") == "#story-0")
    }
  }

  @Test("two particles stand side by side from where they parted")
  func pair() async throws {
    try await open { page in
      try await page.click(line(3), at: 0.6)
      try await page.click(line(1), at: 0.6, shift: true)
      #expect(
        try await page.read("details.shared summary")
          == "Shared past: the start and steps 1 to 2. They parted after step 2.")
      #expect(try await page.isTrue("!document.querySelector('details.shared').open"))
      let steps = try await page.value("[...document.querySelectorAll('.pair .step')].map((step) => step.dataset.step)")
      #expect(steps == .list(["3", "3", "4"].map(JSONValue.text)))
      #expect(
        try await page.value("[...document.querySelectorAll('.pair dd.action')].map((action) => action.textContent)")
          == .list(["heat pot", "use stove", "wait"].map(JSONValue.text)))
      #expect(
        try await page.isTrue(
          """
          (() => { const [a, b] = [...document.querySelectorAll(".pair .step")].map((step) => step.getBoundingClientRect());
            return a.top === b.top && a.right <= b.left; })()
          """))

      // The button is another way to the second, and strangers share only the start.
      try await page.click(line(0), at: 0.9)
      try await page.click(".tools button")
      #expect(try await page.text("document.querySelector('.tools button').ariaPressed") == "true")
      try await page.click(line(2), at: 0.9)
      #expect(
        try await page.read("details.shared summary") == "Shared past: the start. They have no ancestor in common.")
      #expect(try await page.text("document.querySelector('.tools button').ariaPressed") == "false")
      try await page.click("details.shared summary")
      #expect(try await page.read("details.shared").contains("You are in the kitchen."))
    }
  }

  @Test("the address opens what it was copied from")
  func hash() async throws {
    let stories = [Stories.small(), Stories.large(particles: 4, steps: 6, seed: 2)]
    let address = try await open(stories) { page in
      #expect(try await page.isTrue("document.querySelector('#story-1').hidden"))
      _ = try await page.value(
        "(() => { const list = document.querySelector('select'); list.value = '1'; list.dispatchEvent(new Event('change')); })()")
      #expect(try await page.isTrue("document.querySelector('#story-0').hidden"))
      try await page.click(line(2, story: 1), at: 0.99)
      try await page.click(line(3, story: 1), at: 0.99, shift: true)
      return try await page.text("location.hash + '\\n' + document.querySelector('#story-1 .content').innerText")
        .split(separator: "\n", maxSplits: 1).map(String.init)
    }
    #expect(address[0].wholeMatch(of: /#story-1\/2@\d\/3/) != nil)
    try await open(stories, hash: address[0]) { page in
      #expect(try await page.text("document.querySelector('#story-1 .content').innerText") == address[1])
      #expect(try await page.isTrue("document.querySelector('#story-0').hidden"))
      #expect(try await page.text("document.querySelector('select').value") == "1")
      _ = try await page.value("(() => { location.hash = '#story-0/3@3'; })()")
      while try await page.isTrue("document.querySelector('#story-0 .transcript').hidden") {}
      #expect(try await page.read("#story-0 .step.picked dd.action") == "heat pot")
      #expect(await page.complaints.isEmpty)
    }
    for nonsense in ["#story-9/1@1", "#story-0/99@1", "#story-0/1@999999/1", "#story-0/<img>", "#%ZZ"] {
      try await open(hash: nonsense) { page in
        try await page.click(line(0))
        #expect(try await page.read(".status").hasPrefix("Reading particle 0"))
        #expect(await page.complaints.isEmpty)
      }
    }
  }

  @Test(
    "no text becomes markup",
    arguments: [
      "<img src=x onerror=window.__pwned=1>", "</script><script>window.__pwned=1</script>", "</style><script>window.__pwned=1</script>",
      "javascript:window.__pwned=1", "\"><svg onload=window.__pwned=1>", "'-window.__pwned=1-'", "]]><!--<script>", "${window.__pwned=1}",
      "\u{2028}window.__pwned=1//", "\u{202E}txt\u{1B}[31m",
    ])
  func injection(attack: String) async throws {
    let story = Stories.small { "\($0) \(attack)" }
    let html = Stories.page([story, story]) { "\($0) \(attack)" }.html
    let shown = visible(attack)
    try await Browser.with { tools, folder in
      let page = try await Page.open(html, in: tools, folder)
      try await page.click(line(1), at: 0.9)
      func holds(_ selector: String, _ words: String) async throws {
        let text = try await page.text(
          "[...document.querySelectorAll(\(JSONValue.text(selector).json))].map((found) => found.textContent).join('\\n')")
        #expect(text.contains("\(words) \(shown)"), "\(selector): \(text)")
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
      try await holds("option", "N 3, β 0.1")
      try await holds(".story h3", "Task melt-7")
      try await holds(".method", "N 3, β 0.1")
      try await holds(".request", "Melt the ice.")
      try await holds(".cox-genealogy title", "take pot")
      try await holds(".remarks", "failed: the world was lost")
      try await holds(".content dd", "I should use stove")
      try await holds(".content dd.action", "use stove")
      try await holds(".content dd", "You use stove.")
      try await holds(".content dd", "You are in the kitchen.")
      try await page.click(line(3), at: 0.9, shift: true)
      try await holds(".pair dd.action", "heat pot")
      #expect(try await page.isTrue("window.__pwned === undefined"))
      #expect(try await page.isTrue("document.querySelectorAll('img, iframe, object, a:not([href^=\"#\"])').length === 0"))
      #expect(try await page.isTrue("document.scripts.length === 3"))
      #expect(await page.complaints.isEmpty)
    }
  }
}
