import Agents
import Foundation
import Reporting
import RolloutStore
import Steering
import TestSupport
import TestTraits
import Testing
import Viewer

/// The page of `cox view` in a real browser.
@Suite(
  "The live page in a browser", .serialized, .alone, .timeLimit(.minutes(30)),
  .enabled(
    if: Browser.path != nil, "no chromium, chromium-browser or google-chrome on the path; make test installs one"))
struct LivePageTests {
  static let melt = "#/run/\(StoredRuns.steer)/task/melt%2F1"

  /// A browser at the page about a store.
  func open<T: Sendable>(
    _ runs: StoredRuns? = StoredRuns(), hash: String = "", _ body: @Sendable (Page, String) async throws -> T
  ) async throws -> T {
    try await Browser.with { tools, folder in
      let path = folder.appendingPathComponent("s.sqlite").path
      try await runs?.write(to: path)
      let server = try await ViewerServer.start(store: path)
      let result: Result<T, any Error>
      do {
        result = .success(try await body(try await Page.visit(server.address + hash, in: tools), path))
      } catch { result = .failure(error) }
      await server.stop()
      return try result.get()
    }
  }

  /// Waits until an element that the selector finds has these words.
  private func shows(_ page: Page, _ selector: String, _ words: String) async throws {
    let (found, wanted) = (JSONValue.text(selector).json, JSONValue.text(words).json)
    try await page.wait(
      for: "[...document.querySelectorAll(\(found))].some((one) => one.innerText.includes(\(wanted)))")
  }

  private func key(_ page: Page, _ key: String, times: Int = 1) async throws {
    try await page.press(key, times: times)
    // A key that writes is a character, too.
    try await Task.sleep(for: .milliseconds(50))
  }

  @Test func clicksLeadFromARunToAPrompt() async throws {
    try await open { page, _ in
      try await shows(page, ".run h2", "steer · amc")
      #expect(try await page.isTrue("location.search === '' && !document.cookie"))
      try await page.click(".run[data-key='\(StoredRuns.steer)'] h2 a")
      try await shows(page, "tbody th", "melt/1")
      try await page.click("tbody th a")
      try await shows(page, "tbody th", "particle 0, culled after step 1")
      try await page.wait(for: "document.querySelector('.cox-genealogy') !== null")
      // The line of the culled particle in the picture.
      try await page.click("[data-line='0'] .hit")
      try await shows(page, "h1", "melt/1, particle 0, culled after step 1")
      try await shows(page, "dd.action", "break")
      try await page.navigate(to: try await page.text("location.href.split('#')[0]") + Self.melt + "/at/0/final")
      try await shows(page, ".figures", "V 0.625 to come")
      try await shows(page, ".figures", "1 retry")
      try await page.click("details.prompt summary")
      try await shows(page, "dd.sent", "Seen before step 1.")
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test func aStateOfATreeLeadsToItsStep() async throws {
    try await open { page, _ in
      try await shows(page, ".run h2", "steer · frontier")
      try await page.navigate(
        to: try await page.text("location.href.split('#')[0]") + "#/run/\(StoredRuns.frontier)/task/search-1")
      try await page.wait(for: "document.querySelectorAll('.cox-tree [data-line]').length === 3")
      try await page.click(".cox-tree [data-line='1'] .hit")
      try await shows(page, "h1", "search-1, particle 0")
      #expect(try await page.isTrue("location.hash.endsWith('/step/1')"))
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test func keysAloneDoTheSame() async throws {
    try await open { page, _ in
      try await shows(page, ".run h2", "collect")
      try await page.wait(for: "document.querySelectorAll('.run').length === 3")
      let place = try await page.value(
        "[...document.querySelectorAll('.run')].findIndex((run) => run.dataset.key === '\(StoredRuns.steer)')")
      try await key(page, "j", times: (place.integer ?? 0) + 1)
      try await key(page, "Enter")
      try await shows(page, "tbody th", "melt/1")
      try await key(page, "j")
      try await key(page, "Enter")
      try await shows(page, "tbody th", "particle 1")
      try await key(page, "j")
      try await key(page, "c")
      try await shows(page, ".compare-note", "particle 0")
      try await key(page, "j")
      try await key(page, "c")
      try await shows(page, "summary", "Step")
      try await shows(page, ".who", "particle 1")
      try await key(page, "Escape")
      try await shows(page, "tbody th", "particle 1")
      try await key(page, "Escape")
      try await shows(page, "tbody th", "melt/1")
      try await key(page, "?")
      #expect(try await page.isTrue("document.getElementById('help').open"))
      try await key(page, "Escape")
      try await page.wait(for: "!document.getElementById('help').open")
      try await key(page, "/")
      #expect(try await page.isTrue("document.activeElement.matches('input[type=search]')"))
      try await page.type("melt")
      try await page.press("Enter")
      try await shows(page, ".hit-row", "melt/1 · particle 0 · step 2 · action")
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test func twoTrajectoriesAreAlignedWhereTheyPart() async throws {
    try await open(hash: Self.melt + "/at/0/final/with/\(StoredRuns.steer)/melt%2F1/1/final") { page, _ in
      try await shows(page, "summary", "They part at step 2.")
      let columns = try await page.text(
        "[...document.querySelectorAll('.pair .step')].map((step) => step.querySelector('dd.action').innerText).join(' ')"
      )
      #expect(columns == "melt heat pour")
      #expect(try await page.read(".pair .gone") == "No further step.")
      let tops = try await page.text(
        "[...document.querySelectorAll('.pair .parting')].map((step) => Math.round(step.getBoundingClientRect().top)).join(' ')"
      )
      #expect(Set(tops.split(separator: " ")).count == 1)
    }
  }

  @Test func whatAWriterAddsAppears() async throws {
    try await open(nil) { page, path in
      try await shows(page, "main", "The page waits for it.")
      try await StoredRuns().write(to: path)
      try await shows(page, ".run h2", "collect · best-of")
      let store = try RolloutStore(path: path)
      let task = try await StoredRuns().begin(store)
      var figures = ProgressFigures()
      (figures.tasks, figures.calls, figures.expectedCalls, figures.isBound) = (6, 23, 46, false)
      (figures.secondsLeft, figures.inFlight, figures.limits) = (95, 4, Limits(calls: 100))
      figures.spentCalls = 23
      try await store.note(
        progress: String(decoding: try JSONEncoder().encode(figures), as: UTF8.self), ofRun: StoredRuns.collect)
      try await shows(page, ".run .state", "running")
      try await shows(page, ".run .left", "left")
      try await shows(page, ".run .figures", "4 in flight")
      try await shows(page, ".run .limit", "limits.calls: 23 of 100")
      try await page.picture("live-runs")
      // What is opened stays open while steps are added below it.
      try await page.navigate(
        to: try await page.text("location.href.split('#')[0]")
          + "#/run/\(StoredRuns.collect)/task/under-way/at/0/running")
      try await shows(page, ".step h3", "Step 2")
      try await page.click(".step[data-step='1'] details.prompt summary")
      try await shows(page, "dd.sent", "Seen before step 1.")
      try await StoredRuns().call(store, StoredRuns.collect, task, particle: 0, step: 2, action: "heat")
      try await shows(page, ".step h3", "Step 3")
      try await shows(page, "dd.sent", "Seen before step 1.")
      try await StoredRuns().end(store, task)
      try await shows(page, ".step[data-step='3'] .figures", "reward +1.000")
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test func aServerThatComesBackIsFoundAgain() async throws {
    try await Browser.with { tools, folder in
      let path = folder.appendingPathComponent("s.sqlite").path
      try await StoredRuns().write(to: path)
      let first = try await ViewerServer.start(store: path)
      let page = try await Page.visit(first.address, in: tools)
      try await shows(page, "#live", "live")
      await first.stop()
      try await shows(page, "#live", "does not answer")
      // Its token is another one: the page says so and stays readable.
      let second = try await ViewerServer.start(store: path, port: first.port)
      #expect(try await page.read(".run h2").contains("·"))
      try await page.navigate(to: second.address)
      try await shows(page, "#live", "live")
      await second.stop()
    }
  }

  @Test(arguments: [
    "<img src=x onerror=window.__pwned=1>", "</script><script>window.__pwned=1</script>",
    "\"><svg onload=window.__pwned=1>", "javascript:window.__pwned=1", "\u{202E}txt\u{1B}[31m",
  ]) func hostileTextStaysText(attack: String) async throws {
    let shown = visible(attack)
    try await open(StoredRuns { "\($0) \(attack)" }) { page, _ in
      try await shows(page, ".identity", shown)
      let home = try await page.text("location.href.split('#')[0]")
      for (hash, selector) in [
        ("#/run/\(StoredRuns.steer)", "td .clip"), (Self.melt, ".request"), (Self.melt + "/at/0/final", "dd.action"),
        (Self.melt + "/at/0/final", "dd.observation"), (Self.melt + "/at/0/final", "dd.thought"),
        ("#/run/\(StoredRuns.collect)/failures", ".reason"), ("#/run/\(StoredRuns.steer)/search/heat", ".snippet"),
        ("#/run/\(StoredRuns.steer)/settings", "dd"),
        (Self.melt + "/at/0/final/with/\(StoredRuns.steer)/melt%2F1/1/final", ".pair dd.action"),
        ("#/run/\(StoredRuns.frontier)/task/search-1", ".cox-tree title"),
      ] {
        try await page.navigate(to: home + hash)
        if selector.contains("tree") {
          try await page.wait(
            for:
              "document.querySelector('.cox-tree')?.textContent.includes(\(JSONValue.text(visible(attack.split(whereSeparator: \.isWhitespace).joined(separator: " "))).json))"
          )
        } else {
          try await page.wait(
            for:
              "[...document.querySelectorAll('\(selector)')].some((found) => found.textContent.includes(\(JSONValue.text(shown).json)))"
          )
        }
      }
      try await page.navigate(to: home + Self.melt + "/at/0/final")
      try await page.wait(for: "document.querySelector('details.prompt') !== null")
      try await page.click("details.prompt summary")
      try await shows(page, "dd.sent", shown)
      #expect(try await page.isTrue("window.__pwned === undefined"))
      #expect(try await page.isTrue("document.querySelectorAll('main img, main script, iframe, object').length === 0"))
      #expect(try await page.isTrue("[...document.links].every((link) => link.getAttribute('href').startsWith('#'))"))
      #expect(await page.complaints.isEmpty)
      #expect(await page.requests.allSatisfy { $0.hasPrefix("http://127.0.0.1:") })
    }
  }

  @Test(arguments: [(390, 844), (1_280, 900)]) func everyViewFits(width: Int, height: Int) async throws {
    try await open { page, path in
      let store = try RolloutStore(path: path)
      _ = try await StoredRuns().begin(store)
      let home = try await page.text("location.href.split('#')[0]")
      try await page.resize(width: width, height: height, isPhone: width < 500)
      for scheme in ["light", "dark"] {
        try await page.setColours(scheme)
        for (name, hash, selector) in [
          ("runs", "#/", ".run"), ("tasks", "#/run/\(StoredRuns.collect)", "tbody th"),
          ("failures", "#/run/\(StoredRuns.collect)/failures", ".reason"),
          ("search", "#/run/\(StoredRuns.collect)/search/look", ".hit-row"),
          ("population", Self.melt, ".cox-genealogy"),
          ("tree", "#/run/\(StoredRuns.frontier)/task/search-1", ".cox-tree"),
          ("running", "#/run/\(StoredRuns.collect)/task/under-way", "tbody th"),
          ("talk", Self.melt + "/at/0/final", ".step"),
          ("pair", Self.melt + "/at/0/final/with/\(StoredRuns.steer)/melt%2F1/1/final", ".pair .step"),
        ] {
          try await page.navigate(to: home + hash)
          try await page.wait(for: "document.querySelector('\(selector)') !== null")
          #expect(try await page.isTrue("document.documentElement.scrollWidth <= innerWidth"), "\(name) at \(width)")
          // Whatever is wider than its box scrolls there, and says so.
          try await page.wait(
            for: """
              [...document.querySelectorAll(".box")].every((box) => box.scrollWidth <= box.clientWidth + 1
                || [box.nextElementSibling, box.previousElementSibling].some((hint) => hint?.matches(".hint:not([hidden])")))
              """)
          try await page.picture("\(name)-\(width)-\(scheme)")
        }
      }
      #expect(await page.complaints.isEmpty)
    }
  }
}
