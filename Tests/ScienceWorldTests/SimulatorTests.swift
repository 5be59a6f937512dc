import Agents
import Foundation
import Synchronization
import TestTraits
import Testing

@testable import JavaBridge
@testable import ScienceWorld

@Suite(
  .alone, .serialized,
  .enabled(if: java != nil, "There is no Java on this machine: apt-get install openjdk-17-jre-headless"))
struct SimulatorTests {
  /// Covers every task of the benchmark, with four episodes at a time in two processes.
  @Test func goldPathsReachTheFullScore() async throws {
    let tasks = Set(Catalogue.standard.benchmark.map(\.task))
    let ids = Catalogue.standard.entries.filter { tasks.contains($0.name) }.map {
      TaskID("\($0.name)/\($0.variations(in: .test).lowerBound)")
    }
    let rewards = try await SimulatorPool.with(settings(processes: 2, episodes: 2)) { pool in
      let world = try world(pool)
      return try await withThrowingTaskGroup { group in
        for worker in 0..<4 {
          group.addTask {
            var rewards: [TaskID: Double] = [:]
            for place in stride(from: worker, to: ids.count, by: 4) {
              let (_, outcomes) = try await world.play(try await world.goldPath(ids[place]), ids[place])
              rewards[ids[place]] = outcomes.last?.isDone == true ? outcomes.reduce(0) { $0 + $1.reward } : -1
            }
            return rewards
          }
        }
        return try await group.reduce(into: [TaskID: Double]()) { $0.merge($1) { $1 } }
      }
    }
    #expect(rewards.count == 23 && rewards.values.allSatisfy { abs($0 - 1) < 1e-9 }, "\(rewards)")
  }

  @Test(arguments: ["boil/3", "use-thermometer/3", "power-component/3", "find-animal/7", "melt/1"])
  func replaysAreTheSameToTheLetter(id: TaskID) async throws {
    try await SimulatorPool.with(settings(processes: 2, episodes: 2)) { pool in
      let world = try world(pool)
      let path = Array(try await world.goldPath(id).prefix(20))
      let first = try await world.play(path, id)
      try await withThrowingTaskGroup { group in
        for _ in 0..<4 { group.addTask { try await world.play(path, id) } }
        for try await again in group {
          #expect(again.opening == first.opening)
          #expect(again.outcomes == first.outcomes)
        }
      }
    }
  }

  @Test func theCatalogueIsTheJars() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let ticket = await pool.ticket()
      let bench = Bench(world: try await pool.world(at: try await pool.enter(ticket)))
      // A new interface object, since a bench forgets the list of tasks.
      let world = try await bench.world.connection.answer(
        to: Py4JCall(new: "scienceworld.runtime.pythonapi.PythonInterface")
      ).object()
      for entry in Catalogue.standard.entries {
        let count = try await bench.world.connection.answer(
          to: Py4JCall(world, "getTaskMaxVariations", .text(entry.name)))
        #expect(count == .integer(entry.variations))
        for variation in [0, entry.variations / 3, entry.variations - 1] {
          let game = Game(task: entry.name, variation: variation)
          try await bench.load(game, simplifications: "")
          #expect(try await bench.opening().request == Catalogue.standard.request(game))
        }
        _ = try await bench.world.connection.answer(
          to: Py4JCall(world, "load", .text(entry.name), .integer(0), .text(""), .boolean(false)))
        let sets = ["getVariationsTrain", "getVariationsDev", "getVariationsTest"]
        for (split, method) in zip(Split.allCases, sets) {
          let list = try await bench.world.connection.answer(to: Py4JCall(world, method)).object()
          let size = try await bench.world.connection.answer(to: Py4JCall(list, "size")).integer()
          let range = entry.variations(in: split)
          #expect(size == range.count)
          let ends = try await bench.world.connection.answers(
            to: [Py4JCall(list, "get", .integer(0)), Py4JCall(list, "get", .integer(Int32(size - 1)))])
          #expect(ends == [.integer(range.lowerBound), .integer(range.upperBound - 1)])
        }
      }
      await pool.close(ticket)
    }
  }

  @Test func aWrongFocusEndsTheGameAtMinusOne() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let world = try world(pool)
      let (opening, outcomes) = try await world.play(["look around", "nonsense", "focus on agent"], "boil/0")
      #expect(opening.text.hasPrefix("Your task is to boil"))
      #expect(opening.text.contains("This room is called"))
      #expect(outcomes.map(\.isDone) == [false, false, true])
      #expect(outcomes.map(\.isInvalid) == [false, true, false])
      #expect(outcomes.reduce(0) { $0 + $1.reward } == -1)

      var (episode, _) = try await world.begin(try world.task("1-1/0"))
      let unread = try await episode.step(.unparsable("hm"))
      #expect(unread.isInvalid && unread.reward == 0)
      #expect(try await episode.step(.act(String(repeating: "x", count: 100_000))).isInvalid)
      #expect(try await episode.step(.act("look around\n!x\\n\u{0}\u{7f}é")).isInvalid)
      #expect(try await episode.step(.act("focus on agent")).reward == -1)
      for action in [Action.act("look around"), .unparsable("hm"), .act(String(repeating: "x", count: 100_000))] {
        let error = await #expect(throws: WorldError.self) { try await episode.step(action) }
        #expect(error?.kind == .diverged)
      }
      #expect(try await episode.fork() == nil)
      await episode.close()
    }
  }

  @Test func anEpisodeGoesOnAfterItsProcessIsKilled() async throws {
    let memory = 641
    try await SimulatorPool.with(settings(memory: memory)) { pool in
      let world = try world(pool)
      let path = try await world.goldPath("power-component/3")
      let whole = try await world.play(path, "power-component/3")
      var (episode, _) = try await world.begin(try world.task("power-component/3"))
      var outcomes: [Outcome] = []
      for (step, action) in path.enumerated() where outcomes.last?.isDone != true {
        if step == 4 || step == 8 {
          let victims = simulators(memory: memory)
          #expect(victims.count == 1)
          for victim in victims { kill(victim, SIGKILL) }
        }
        outcomes.append(try await episode.step(.act(action)))
      }
      await episode.close()
      #expect(outcomes == whole.outcomes)
    }
    #expect(try await comesTrue { simulators(memory: memory).isEmpty })
  }

  /// There are more episodes than worlds, and the processes are replaced all the time.
  @Test(arguments: [(2, 2000), (3, 6)])
  func episodesTakeTurns(episodes: Int, loads: Int) async throws {
    try await SimulatorPool.with(settings(episodes: episodes, loads: loads)) { pool in
      let world = try world(pool)
      let path = Array(try await world.goldPath("find-animal/7").prefix(4))
      let alone = try await world.play(path, "find-animal/7")
      var open: [any Episode] = []
      for _ in 0..<4 { open.append(try await world.begin(try world.task("find-animal/7")).episode) }
      for (step, action) in path.enumerated() {
        for place in open.indices {
          #expect(try await open[place].step(.act(action)) == alone.outcomes[step])
        }
      }
      for episode in open { await episode.close() }
    }
  }

  @Test func noProcessOutlivesItsPool() async throws {
    let memory = 642
    let seen = Mutex(0)
    await #expect(throws: CancellationError.self) {
      try await SimulatorPool.with(settings(processes: 2, memory: memory)) { pool in
        let world = try world(pool)
        try await withThrowingTaskGroup { group in
          for _ in 0..<2 { group.addTask { _ = try await world.play(["look around"], "melt/0") } }
          try await group.waitForAll()
        }
        seen.withLock { $0 = simulators(memory: memory).count }
        throw CancellationError()
      }
    }
    #expect(seen.withLock { $0 } >= 1)
    #expect(try await comesTrue { simulators(memory: memory).isEmpty })
  }

  /// Simulates SIGKILL of the program: its end of the pipe closes without a last message.
  @Test func theProcessEndsWithThePipeThatHoldsIt() async throws {
    let memory = 643
    let program = SimulatorProcess(settings: try settings(memory: memory))
    let (holder, simulator) = (Process(), Process())
    let pipe = Pipe()
    holder.executableURL = URL(filePath: "/bin/sleep")
    holder.arguments = ["1000"]
    holder.standardOutput = pipe
    simulator.executableURL = URL(filePath: program.settings.java)
    simulator.arguments = program.arguments
    simulator.standardInput = pipe
    simulator.standardOutput = FileHandle.nullDevice
    try simulator.run()
    try holder.run()
    try pipe.fileHandleForWriting.close()
    try await Task.sleep(for: .seconds(2))
    #expect(simulators(memory: memory).count == 1)
    kill(holder.processIdentifier, SIGKILL)
    #expect(try await comesTrue { simulators(memory: memory).isEmpty })
    simulator.terminate()
  }

  @Test func whatIsMissingIsNamed() async throws {
    var bare = try settings()
    bare.java = "/nowhere/java"
    let noJava = await #expect(throws: WorldError.self) { try await SimulatorPool.with(bare) { _ in } }
    #expect(noJava?.kind == .misconfigured && noJava?.message.contains("apt-get install") == true)
    bare = try settings()
    bare.jar = "/nowhere/scienceworld.jar"
    let noJar = await #expect(throws: WorldError.self) { try await SimulatorPool.with(bare) { _ in } }
    #expect(noJar?.kind == .misconfigured && noJar?.message.contains("pip install") == true)
    // The file is not a jar, so Java starts and exits.
    bare.jar = "/etc/hostname"
    let broken = await #expect(throws: WorldError.self) {
      try await SimulatorPool.with(bare) { pool in
        let world = try world(pool)
        _ = try await world.begin(try world.task("boil/0"))
      }
    }
    #expect(broken?.kind == .misconfigured)
  }

  /// Each process tries a broken jar once, however many episodes wait.
  @Test func everybodyWhoWaitsForAProcessThatCannotStartIsTold() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "java-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (counted, script) = (folder.appending(path: "starts"), folder.appending(path: "java"))
    try Data("#!/bin/sh\necho x >> '\(counted.path)'\nexit 1\n".utf8).write(to: script)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
    var bare = try settings(processes: 2)
    bare.java = script.path
    let failures = try await SimulatorPool.with(bare) { pool in
      let world = try world(pool)
      return await withTaskGroup(of: WorldError.Kind?.self) { group in
        for _ in 0..<4 {
          group.addTask { () -> WorldError.Kind? in
            do {
              _ = try await world.begin(try world.task("boil/0"))
              return nil
            } catch { return (error as? WorldError)?.kind }
          }
        }
        return await group.reduce(into: [WorldError.Kind?]()) { $0.append($1) }
      }
    }
    #expect(failures == Array(repeating: .misconfigured, count: 4))
    let starts = try String(contentsOf: counted, encoding: .utf8).split(separator: "\n").count
    #expect((1...8).contains(starts), "\(starts) starts")
  }
}
