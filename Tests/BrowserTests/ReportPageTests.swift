import Agents
import Foundation
import Reporting
import Steering
import TestTraits
import Testing

/// Reports in a real browser.
@Suite(
  "A report in a browser", .serialized, .alone, .timeLimit(.minutes(30)),
  .enabled(
    if: Browser.path != nil, "no chromium, chromium-browser or google-chrome on the path; make test installs one"))
struct ReportPageTests {
  /// The selector of a line in the picture of a story.
  func line(_ number: Int, story: Int = 0) -> String { "#story-\(story) [data-line=\"\(number)\"] .hit" }

  func open<T: Sendable>(
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
      // Rows of 64 particles use another text size.
      try await page.click("#story-0 .hit")
      #expect(await page.complaints.isEmpty)
      let requests = await page.requests
      #expect(requests.allSatisfy { $0.hasPrefix("file:") } && Set(requests).count == 1)
      // The content security policy blocks elements that run or load something.
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

      // The clone shows its own steps, the steps before the cloning, and the ancestor's value.
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
      #expect(
        try await page.isTrue("getComputedStyle(document.activeElement.querySelector('.hit')).strokeWidth === '2px'"))
      try await page.press("Home")
      try await page.press("ArrowRight")
      try await page.press("Enter")
      #expect(try await page.read(".status") == "Reading particle 0 at step 1.")
      try await page.press("ArrowRight")
      #expect(try await page.read(".step.picked dd.action") == "break pot")
      // Right moves to the clone in the same row. Left moves back to the clone's ancestor.
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

      // The button also selects a second particle. Particles without a common ancestor share only the start.
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
        "(() => { const list = document.querySelector('select'); list.value = '1'; list.dispatchEvent(new Event('change')); })()"
      )
      #expect(try await page.isTrue("document.querySelector('#story-0').hidden"))
      try await page.click(line(2, story: 1), at: 0.99)
      try await page.click(line(3, story: 1), at: 0.99, shift: true)
      // A pair begins where the two particles parted. The arrow keys scroll the selected step into view.
      let scroll = "document.querySelector('#story-1 .content').scrollTop"
      #expect(try await page.text(scroll) == "0")
      try await page.press("ArrowLeft")
      #expect(try await page.isTrue("\(scroll) > 0"))
      try await page.press("ArrowRight")
      return try await page.text("location.hash + '\\n' + document.querySelector('#story-1 .content').innerText")
        .split(separator: "\n", maxSplits: 1).map(String.init)
    }
    try #require(address.count == 2)
    #expect(address[0].wholeMatch(of: /#story-1\/2@\d\/3/) != nil)
    try await open(stories, hash: address[0]) { page in
      #expect(try await page.text("document.querySelector('#story-1 .content').innerText") == address[1])
      #expect(try await page.isTrue("document.querySelector('#story-0').hidden"))
      #expect(try await page.text("document.querySelector('select').value") == "1")
      _ = try await page.value("(() => { location.hash = '#story-0/3@3'; })()")
      try await page.wait(for: "!document.querySelector('#story-0 .transcript').hidden")
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
}
