import Agents
import Dialects
import Foundation
import Testing

@testable import Gateway

@Suite("Where an agent's program is, and what makes it the same agent")
struct IdentityTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  private static let simple = """
    ask([{"role": "user", "content": "go"}])
    print(json.dumps({"reward": 1}))
    """

  private func identity(_ change: (inout AgentWorld.Settings) -> Void = { _ in }) async throws -> WorldIdentity {
    try await bench.with(Self.simple, change: change) { $0.identity }
  }

  @Test("The script, the copied folder, the seed and the score are part of the identity; the tasks are not")
  func identities() async throws {
    let plain = try await identity()
    #expect(try await identity() == plain)
    #expect(try await identity { $0.tasks.text += "\n{\"id\": \"more\"}" } == plain)
    #expect(try await identity { $0.seed = 2 } != plain)
    #expect(try await identity { $0.score = .exit } != plain)
    let folder = bench.folder.appendingPathComponent("work")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let notes = folder.appendingPathComponent("notes.txt")
    try "one".write(to: notes, atomically: true, encoding: .utf8)
    let first = try await identity { $0.folder = folder.path }
    try "two".write(to: notes, atomically: true, encoding: .utf8)
    #expect(try await identity { $0.folder = folder.path } != first)
    // The script itself.
    let changed = try await bench.with(Self.simple + "\n# changed") { $0.identity }
    #expect(changed != plain)
  }

  @Test("A program of the folder runs in its copy; an output file that an argument names is left where it is meant")
  func places() async throws {
    let folder = bench.folder.appendingPathComponent("work")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let script = folder.appendingPathComponent("run.sh")
    try """
    #!/bin/sh
    echo line >> "$(dirname "$0")/state.txt"
    exec python3 \(bench.program(Self.simple, name: "simple.py")) "$@"
    """.write(to: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
    try await bench.with("") {
      $0.folder = folder.path
      $0.command = ["./run.sh", "-o", "out.txt"]
    } _: { world in
      for _ in 0..<2 { _ = try await world.play("a", ["ok"]) }
      #expect(world.isIdentified)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("state.txt").path))

    let place = try ProgramPlace(["python3", script.path, "-o", script.path, "{task}"], key: "k", folder: nil)
    #expect(place.files == [script.path])
    let error = #expect(throws: WorldError.self) { try ProgramPlace(["python3", "gone.py"], key: "k", folder: nil) }
    #expect(error?.message.contains("gone.py") == true)
  }

  @Test("A pattern that is added later is used for attempts that were recorded before")
  func laterPatterns() async throws {
    let body = """
      ask([{"role": "user", "content": "at " + str(time.time_ns())}])
      ask([{"role": "user", "content": "and at " + str(time.time_ns())}])
      print(json.dumps({"reward": 1}))
      """
    let trajectory = try await bench.with(body) { try await $0.play("a", ["a", "b"]) }
    await #expect(throws: WorldError.self) {
      try await bench.with(body) { _ = try await $0.resume(trajectory.prefix(1), keepsDivergences: false) }
    }
    try await bench.with(body, ignore: ["at [0-9]+"]) { world in
      var (episode, mismatches) = try await world.resume(trajectory.prefix(1), keepsDivergences: false)
      #expect(mismatches == 0)
      #expect(try await episode.step(.answer("b", inFull: nil)).isDone)
      await episode.close()
    }
  }

  @Test("Partial rewards stay at their steps when programs are put away and started again")
  func partialRewards() async throws {
    let body = """
      for number in range(4):
          ask([{"role": "user", "content": str(number)}])
          print(json.dumps({"reward": 0.1, "partial": True}))
      print(json.dumps({"reward": 1}))
      """
    try await bench.with(body) {
      $0.processes = 1
    } _: { world in
      let trajectories = try await withThrowingTaskGroup(of: Trajectory.self) { group in
        for _ in 0..<4 { group.addTask { try await world.play("a", ["a", "b", "c", "d"]) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      for trajectory in trajectories {
        #expect(trajectory.steps.prefix(3).allSatisfy { abs($0.outcome.reward - 0.1) < 1e-9 })
        #expect(abs(trajectory.reward - 1) < 1e-9)
      }
    }
  }

  @Test("A branch that is late in a replay is waited for; its neighbour's next question is no divergence")
  func lateBranches() async throws {
    let body = """
      import threading
      replays = int(os.environ["COX_REPLAYED_CALLS"]) > 0
      def one():
          ask([{"role": "user", "content": "A"}])
          if not replays: time.sleep(1)
          ask([{"role": "user", "content": "A2"}])
      def two():
          time.sleep(3 if replays else 0.5)
          ask([{"role": "user", "content": "B"}])
      threads = [threading.Thread(target=one), threading.Thread(target=two)]
      for thread in threads: thread.start()
      for thread in threads: thread.join()
      ask([{"role": "user", "content": "end"}])
      print(json.dumps({"reward": 1}))
      """
    try await bench.with(body) { world in
      let trajectory = try await world.play("a", ["1", "2", "3", "4"])
      let asked = [trajectory.opening.text] + trajectory.steps.dropLast().map(\.outcome.observation.text)
      #expect(asked == ["A", "B", "A2", "end"])
      var (episode, mismatches) = try await world.resume(trajectory.prefix(3), keepsDivergences: false)
      #expect(mismatches == 0)
      #expect(try await episode.step(.answer("4", inFull: nil)).reward == 1)
      await episode.close()
    }
  }

  @Test("What a framework asks before the work begins is answered, and is no step")
  func probes() async throws {
    let body = """
      print(post("/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "Please say 'hello, world'"}]}), file=sys.stderr)
      ask([{"role": "user", "content": "Do " + sys.argv[2]}])
      print(json.dumps({"reward": 1}))
      """
    try await bench.with(body) { world in
      await world.use(probe: { question throws(PolicyError) in .plain("hello, world") })
      let trajectory = try await world.play("a", ["ok"])
      #expect(trajectory.opening.text == "Do one" && trajectory.count == 1)
    }
    // A short question about the task is a step.
    try await bench.with(body.replacing("Please say 'hello, world'", with: "one?")) { world in
      await world.use(probe: { question throws(PolicyError) in .plain("hello, world") })
      let trajectory = try await world.play("a", ["x", "y"])
      #expect(trajectory.count == 2)
    }
  }
}
