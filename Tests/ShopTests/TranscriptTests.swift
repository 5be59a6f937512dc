import Agents
import Testing

@testable import Shop

private func trajectory(_ pages: [String]) -> Trajectory {
  let task = AgentTask(id: "goal-0", request: "task", stepLimit: 15)
  let steps = pages.enumerated().map { number, page in
    Step(response: "answer \(number)", action: .act("a"), outcome: Outcome(Observation(page)))
  }
  return Trajectory(task: task, opening: Observation("the task"), steps: steps)
}

private let pages = ["page 0", "page 1", "page 2"]

@Test func withoutALimitThePolicySeesTheWholePast() throws {
  let shop = try generatedShop()
  let entries = shop.transcript(for: trajectory(pages)).entries
  #expect(entries.count == 8 && entries[1] == .prompt("the task") && entries[7] == .prompt("page 2"))
}

@Test(arguments: [
  // Answers have eight characters, pages six; the last page is free.
  (100, ["the task", "answer 0", "page 0", "answer 1", "page 1", "answer 2", "page 2"]),
  (36, ["the task", "answer 0", "page 0", "answer 1", "page 1", "answer 2", "page 2"]),
  (35, ["the task\n\n(1 earlier step is left out.)", "answer 1", "page 1", "answer 2", "page 2"]),
  (8, ["the task\n\n(2 earlier steps are left out.)", "answer 2", "page 2"]),
  (7, ["the task\n\n(3 earlier steps are left out.)\n\npage 2"]),
  (0, ["the task\n\n(3 earlier steps are left out.)\n\npage 2"]),
])
func aLimitTakesFromThePastAlone(limit: Int, texts: [String]) throws {
  let transcript = try generatedShop(historyLimit: limit).transcript(for: trajectory(pages))
  let shown = transcript.entries.dropFirst().map { entry in
    switch entry {
    case .instructions(let text), .prompt(let text), .response(let text): text
    }
  }
  #expect(shown == texts)
}

@Test func thePresentIsShownWhole() throws {
  let long = String(repeating: "x", count: 100_000)
  let shop = try generatedShop(historyLimit: 10)
  #expect(shop.transcript(for: trajectory(["page 0", long])).entries.last == .prompt(long))
  #expect(shop.transcript(for: trajectory([])).entries.last == .prompt("the task"))
}

@Test func promptsComeFromFiles() async throws {
  try await withDirectory(["mine.txt": "\n Shop well. \n", "empty.txt": " \n"]) { directory in
    let shop = try generatedShop(prompt: .file("\(directory)/mine.txt"))
    #expect(shop.transcript(for: trajectory([])).entries.first == .instructions("Shop well."))
    let error = try await environmentError { try generatedShop(prompt: .file("\(directory)/empty.txt")) }
    #expect(error.kind == .misconfigured)
  }
  let react = try generatedShop().transcript(for: trajectory([])).entries[0]
  let reflact = try generatedShop(prompt: .reflact).transcript(for: trajectory([])).entries[0]
  #expect(react != reflact)
}
