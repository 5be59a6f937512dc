import Agents
import Foundation
import JavaBridge
import TestSupport
import Testing

@testable import TextWorldExpress

/// A world whose pool never starts a simulator, so any executable and any file will do.
private func withWorld(
  _ game: TextGame = .twc, parameters: String = "", splits: TaskSplits? = nil, stepLimit: Int = 50,
  _ body: (TextWorldExpress) throws -> Void
) async throws {
  let settings = SimulatorPool.Settings(
    JavaProgram(
      name: "None", distribution: "none", version: "0", jar: "none", memory: (standard: 64, least: 1),
      interface: "none"), jar: "/etc/passwd", java: "/bin/sh")
  try await SimulatorPool.with(settings) { pool in
    try body(
      try TextWorldExpress(pool: pool, game: game, parameters: parameters, splits: splits, stepLimit: stepLimit))
  }
}

@Suite("Games, folds and parameters, without a simulator")
struct GameTests {
  @Test("Without numbers, each split has its fold")
  func folds() async throws {
    try await withWorld { world in
      let ids = try Split.allCases.map { try world.tasks(in: $0).map(\.id) }
      #expect(ids.map(\.count) == [1_000, 1_000, 1_000])
      #expect(ids.map(\.first) == ["train-0", "dev-10000", "test-20000"])
      #expect(world.maximalReward == 1)
    }
  }

  @Test("Numbers are seeds, and a seed decides the fold")
  func seeds() async throws {
    let splits = try TaskSplits([.train: [3, 10_004], .test: [20_999]])
    try await withWorld(splits: splits) { world in
      let ids = try Split.allCases.map { try world.tasks(in: $0).map(\.id) }
      #expect(ids == [["train-3", "dev-10004"], [], ["test-20999"]])
      #expect(try world.task("dev-10999").stepLimit == 50)
      for id in ["", "3", "train", "train-", "train-1000", "train-10000", "dev-3", "train-03", "train--3", "fold-1"] {
        let error = #expect(throws: WorldError.self) { try world.task(TaskID(id)) }
        #expect(error?.kind == .unknownTask && error?.message.contains("dev has 10000 to 10999") == true)
      }
    }
    let error = await #expect(throws: WorldError.self) {
      try await withWorld(splits: TaskSplits([.train: [1_000]])) { _ in }
    }
    #expect(error?.kind == .misconfigured && error?.message.contains("train has 0 to 999") == true)
  }

  @Test("Parameters are completed and put in order, and are part of the identity")
  func parameters() async throws {
    try await withWorld(parameters: " includeDoors=1 , numLocations=2,") { world in
      #expect(world.parameters == "numLocations=2,numItemsToPutAway=4,includeDoors=1,limitInventorySize=0")
      #expect(
        world.identity.description
          == "textworld-express (twc \(world.parameters); jar 1.1.0; 50 steps; hidden inventory, look around; "
          + "\(TextWorldExpress.prompting.summary))")
    }
    try await withWorld(.sorting) { #expect($0.parameters.isEmpty) }
  }

  @Test(
    "Bad ones are refused, and the valid ones are listed",
    arguments: [
      (TextGame.twc, "numIngredients=1", "there is no parameter numIngredients"),
      (.twc, "numLocations=4", "numLocations is 4"), (.twc, "numLocations=x", "numLocations is x"),
      (.twc, "numLocations", "not written NAME=NUMBER"), (.twc, "numLocations=1,numLocations=1", "given twice"),
      (.mapreader, "numLocations=1", "numLocations is 1"), (.mapreader, "numLocations=49", "(2 to 48)"),
      (.twc, "numLocations=1=2", "not written NAME=NUMBER"), (.arithmetic, "a=1", "arithmetic has no parameters"),
    ])
  func refused(game: TextGame, parameters: String, message: String) async throws {
    let error = await #expect(throws: WorldError.self) { try await withWorld(game, parameters: parameters) { _ in } }
    #expect(error?.kind == .misconfigured && error?.message.contains(message) == true, "\(error?.message ?? "")")
    if game == .twc { #expect(error?.message.contains("numItemsToPutAway (1 to 4)") == true) }
  }

  @Test("An attempt has a step, and a missing Py4J is named")
  func others() async throws {
    await #expect(throws: WorldError.self) { try await withWorld(stepLimit: 0) { _ in } }
    let program = JavaProgram.textWorldExpress
    let jar = #expect(throws: WorldError.self) { try program.findJar(in: ["/nowhere"]) }
    #expect(jar?.message.contains("pip install textworld-express==1.1.0") == true)
    let gateway = #expect(throws: WorldError.self) {
      try program.findGateway(for: "/a/lib/python3/site-packages/t/t.jar", in: ["/nowhere"])
    }
    #expect(gateway?.message.contains("/a/share/py4j") == true && gateway?.message.contains("pip install py4j") == true)
    let elsewhere = #expect(throws: WorldError.self) { try program.findGateway(for: "/a/b/c/d/e/t.jar", in: []) }
    #expect(elsewhere?.message.contains("There is no folder") == true)
    let incomplete = SimulatorPool.Settings(
      JavaProgram(
        name: "None", distribution: "none", version: "0", jar: "none", needsGateway: true,
        memory: (standard: 64, least: 1), interface: "none"), jar: "/etc/passwd", java: "/bin/sh")
    let none = await #expect(throws: WorldError.self) { try await SimulatorPool.with(incomplete) { _ in } }
    #expect(none?.kind == .misconfigured && none?.message.contains("pip install py4j") == true)
  }

  @Test("Of several Py4J the newest by number is taken, from the environment that has the jar")
  func newestGateway() throws {
    let root = try Places.folder()
    let folder = root.appending(path: "share/py4j")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let program = JavaProgram.textWorldExpress
    for version in ["0.10.9", "0.10.10", "0.10.9.9"] {
      try Data().write(to: folder.appending(path: "py4j\(version).jar"))
      let found = try program.findGateway(for: "/nowhere/t.jar", in: [root.path])
      #expect(found?.hasSuffix(version == "0.10.9" ? "py4j0.10.9.jar" : "py4j0.10.10.jar") == true)
    }
    let jar = "\(root.path)/lib/python3.11/site-packages/\(program.jar)"
    #expect(try program.findGateway(for: jar, in: []) == "\(folder.path)/py4j0.10.10.jar")
  }
}
