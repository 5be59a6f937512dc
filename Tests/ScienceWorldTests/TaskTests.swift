import Agents
import Foundation
import Testing

@testable import JavaBridge
@testable import ScienceWorld

@Test func theCatalogueHasEveryGame() {
  let catalogue = Catalogue.standard
  #expect(catalogue.entries.count == 30)
  #expect(catalogue.games.count == 7207)
  #expect(Set(catalogue.games).count == 7207)
  #expect(catalogue.benchmark.count == 4639)
  #expect(Set(catalogue.benchmark.map(\.task)).count == 23)
  #expect(catalogue.benchmark[0] == Game(task: "boil", variation: 0))
  #expect(catalogue.benchmark[30] == Game(task: "melt", variation: 0))
  for entry in catalogue.entries {
    let splits = Split.allCases.map(entry.variations(in:))
    #expect(splits.allSatisfy { !$0.isEmpty })
    #expect(splits.flatMap { Array($0) } == Array(0..<entry.variations))
  }
  for game in catalogue.games {
    let request = catalogue.request(game)
    #expect(request?.hasPrefix("Your task is to ") == true && request?.contains("{") == false)
  }
  #expect(catalogue.request(Game(task: "boil", variation: 30)) == nil)
}

/// A world whose pool never starts a simulator, so any executable and any file will do.
private func withWorld(
  _ games: ScienceWorld.Games = .variations(), simplifications: [ScienceWorld.Simplification] = [],
  stepLimit: Int = 30, _ body: (ScienceWorld) throws -> Void
) async throws {
  try await SimulatorPool.with(.init(.scienceWorld, jar: "/etc/passwd", java: "/bin/sh")) { pool in
    try body(
      try ScienceWorld(
        pool: pool, games: games, simplifications: simplifications, stepLimit: stepLimit))
  }
}

@Test func tasksAreNamedByTheirGame() async throws {
  try await withWorld { world in
    let task = try world.task("boil/0")
    #expect(task.id == "boil/0" && task.stepLimit == 30)
    #expect(task.request.hasPrefix("Your task is to boil "))
    #expect(try world.task("1-1/0") == task)
    for name in ["boil", "boil/", "boil/30", "boil/-1", "boil/1/2", "bake/1", "", "/", "boil/99999999999999999999"] {
      #expect(throws: WorldError.self) { try world.task(TaskID(name)) }
    }
    let prompt = ScienceWorld.prompting.summary
    #expect(world.identity.description == "scienceworld (jar 1.2.3; simplifications none; 30 steps; \(prompt))")
    #expect(world.maximalReward == 1)
    let counts = try Split.allCases.map { try world.tasks(in: $0).count }
    #expect(counts.reduce(0, +) == 7207)
  }
}

@Test func placesAreOfTheBenchmark() async throws {
  let splits = try TaskSplits([.train: [0, 31], .test: [4638]])
  try await withWorld(.benchmark(splits)) { world in
    let tasks = try Split.allCases.map { try world.tasks(in: $0).map(\.id) }
    #expect(tasks == [["boil/0", "melt/1"], [], ["identify-life-stages-2/9"]])
  }
  try await withWorld(.variations(tasks: ["melt"])) { world in
    let tasks = try world.tasks(in: .train).map(\.id)
    #expect(tasks == (0..<14).map { TaskID("melt/\($0)") })
  }
}

@Test func thePoolIsNoLargerThanTheMemoryAllows() {
  let many = SimulatorPool.Settings.processes(memory: 1_024, free: nil)
  #expect(many == max(1, ProcessInfo.processInfo.activeProcessorCount / 2))
  #expect(SimulatorPool.Settings.processes(memory: 1_024, free: 3_300) == min(many, 2))
  #expect(SimulatorPool.Settings.processes(memory: 1_024, free: 10) == 1)
}

@Test func badSettingsAreRefused() async throws {
  let tooLarge = try TaskSplits([.train: [4639]])
  await #expect(throws: WorldError.self) { try await withWorld(.benchmark(tooLarge)) { _ in } }
  await #expect(throws: WorldError.self) { try await withWorld(.variations(tasks: ["bake"])) { _ in } }
  await #expect(throws: WorldError.self) { try await withWorld(stepLimit: 0) { _ in } }
  try await withWorld(simplifications: [.noElectricalAction]) { world in
    #expect(throws: WorldError.self) { try world.task("power-component/0") }
  }
  await #expect(throws: WorldError.self) {
    try await SimulatorPool.with(.init(.scienceWorld, jar: "/etc/passwd", java: "/bin/sh", processes: 0)) { _ in }
  }
}
