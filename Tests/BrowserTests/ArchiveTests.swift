import Agents
import Reporting
import Testing

extension ReportPageTests {
  private func archive(most: Int = 1 << 20, _ text: (String) -> String = { $0 }) -> TrajectoryArchive {
    var archive = TrajectoryArchive(most: most)
    for number in 0..<300 {
      let task = AgentTask(id: TaskID(text("task-\(number)")), request: text("Melt ice \(number)."), stepLimit: 3)
      let step = Step(
        response: "Thought: \(text("think"))\nAction: \(text("heat \(number)"))", action: .act(text("heat \(number)")),
        outcome: Outcome(Observation(text("Water \(number).")), reward: 0.5, isDone: true))
      archive.add(
        Trajectory(task: task, opening: Observation(text("A lab.")), steps: [step]), run: text("run a (collect)"),
        name: "particle 0", end: text(number == 7 ? "failed: lost" : "done"), hasFailed: number == 7, format: .react,
        values: [0: 0.25])
    }
    return archive
  }

  private func page(_ archive: TrajectoryArchive) -> String {
    ReportPage(
      title: "Lab", sections: [.init(anchor: "trajectories", heading: "Trajectories", items: [.trajectories(archive)])]
    ).html
  }

  @Test("trajectories are filtered by any of their texts and read") func filter() async throws {
    let html = page(archive())
    try await Browser.with { tools, folder in
      let page = try await Page.open(html, in: tools, folder)
      #expect(try await page.read(".archive-count") == "300 of 300 trajectories; the first 200 are listed.")
      #expect(try await page.text("document.querySelectorAll('.archive tbody tr').length") == "200")
      try await page.click(".archive-filter")
      try await page.type("WATER 299")
      #expect(try await page.read(".archive-count") == "1 of 300 trajectories.")
      try await page.click(".archive tbody button")
      let shown = try await page.read(".archive-transcript")
      for part in ["task-299", "reward 0.500, done", "V 0.250 to come", "think", "heat 299", "Water 299.", "A lab."] {
        #expect(shown.contains(part), "\(part): \(shown)")
      }
      try await page.click(".archive-transcript .tools button")
      #expect(try await page.isTrue("document.querySelector('.archive-transcript').hidden"))
      _ = try await page.value("(document.querySelector('.archive-filter').value = 'failed')")
      _ = try await page.value(
        "document.querySelector('.archive-filter').dispatchEvent(new Event('input'))")
      #expect(try await page.read(".archive tbody td.number") == "–")
      try await page.resize(width: 390, height: 800, isPhone: true)
      #expect(try await page.isTrue("document.documentElement.scrollWidth <= innerWidth"))
      #expect(await page.complaints.isEmpty)
    }
  }

  @Test("the list is as long as its size allows") func size() {
    #expect(archive().isFull == false && archive().count == 300)
    let small = archive(most: 10_000)
    #expect(small.isFull && small.count > 10 && small.count < 300)
    #expect(page(small).utf8.count < page(archive()).utf8.count)
  }

  @Test("no text of a trajectory becomes markup") func archiveInjection() async throws {
    let attack = "</script><img src=x onerror=window.__pwned=1>"
    let html = page(archive { "\($0) \(attack)" })
    try await Browser.with { tools, folder in
      let page = try await Page.open(html, in: tools, folder)
      try await page.click(".archive tbody button")
      #expect(try await page.read(".archive-transcript").contains("Water 0. \(attack)"))
      #expect(try await page.isTrue("window.__pwned === undefined && document.querySelectorAll('img').length === 0"))
      #expect(await page.complaints.isEmpty)
    }
  }
}
