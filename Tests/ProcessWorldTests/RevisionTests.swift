import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import Testing

@testable import CoxswainTesting
@testable import ProcessWorld

@Suite("What revision 2 of the process protocol adds")
struct RevisionTests {
  @Test("Tasks may have instructions and step limits of their own; other tasks have the world's")
  func tasks() async throws {
    let world = try await ProcessWorldTests.world(
      ProcessWorldTests.program(
        "return {'observation': 'x'}",
        hello:
          #""instructions": "All.", "tasks": {"test": ["a", {"id": "b", "instructions": "Only b.", "stepLimit": 2}]}"#)
    )
    let tasks = try world.tasks(in: .test)
    #expect(tasks.map(\.id) == ["a", "b"] && tasks.map(\.stepLimit) == [5, 2])
    let shown = tasks.map { world.transcript(for: Trajectory(task: $0, opening: Observation("o"))).entries[0] }
    #expect(shown == [.instructions("All."), .instructions("Only b.")])
    #expect(world.identity.rules.contains("instructions by task"))
    await world.close()
    // Without a limit of the world every task must have one.
    let error = await #expect(throws: WorldError.self) {
      _ = try await ProcessWorldTests.world(
        ProcessWorldTests.program(
          "pass", before: "",
          hello: #""stepLimit": None, "tasks": {"test": ["a", {"id": "b", "stepLimit": 2}]}"#))
    }
    #expect(error?.message.contains("stepLimit") == true)
  }

  @Test("The seed of a task is the same for every attempt, and another for another task")
  func seeds() async throws {
    let world = try await ProcessWorldTests.world(
      ProcessWorldTests.program(
        """
        if q["op"] == "step": return {"observation": seeds[q["episode"]]}
        """, before: "seeds = {}"
      ).map {
        $0.replacing(
          #"return {"observation": "start"}"#,
          with: #"seeds[q["episode"]] = str(q["seed"]); return {"observation": "start"}"#)
      })
    func seed(_ task: TaskID) async throws -> String {
      var (episode, _) = try await world.begin(try world.task(task))
      let text = try await episode.step(.act("go")).observation.text
      await episode.close()
      return text
    }
    let first = try await seed("a")
    #expect(try await seed("a") == first && Int(first).map { (0..<(1 << 31)).contains($0) } == true)
    #expect(try await seed("b") != first)
    await world.close()
  }

  @Test("An attempt that failed by the world's own word is not tried again, and ends no run")
  func failed() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let world = try await ProcessWorldTests.world(
      ProcessWorldTests.program(
        """
        open("\(file)", "a").write("x")
        if q["action"] == "bad": return {"failed": "the container is gone"}
        return {"observation": "x", "reward": 1, "done": True}
        """))
    // Of four attempts two fail. The run goes on even where errors of the environment would stop it.
    let policy = ClosurePolicy("half") { request in PolicyResponse(request.key.particle < 2 ? "bad" : "good") }
    var settings = SteeringSettings(particles: 4, temperature: 1, schedule: .never, seed: 1)
    settings.onEnvironmentError = .stop
    let outcome = try await Campaign(world: world, policy: policy, settings: settings).run([try world.task("a")])
    let result = try #require(outcome.results.first)
    #expect(outcome.stopped == nil && result.failedParticles == 2 && result.rewardBest == 1)
    #expect(result.failures.allSatisfy { $0.message.contains("the container is gone") })
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "xxxx")
    await world.close()
  }

  @Test("Named rewards add up to the reward unless it is given, and are stored")
  func rewards() async throws {
    let named = try await ProcessWorldTests.firstStep(
      "return {'observation': 'x', 'rewards': {'right': 0.5, 'format': 0.25}, 'done': True}")
    #expect(named.reward == 0.75 && named.rewards == ["right": 0.5, "format": 0.25])
    let given = try await ProcessWorldTests.firstStep(
      "return {'observation': 'x', 'rewards': {'right': 1, 'length': 12}, 'reward': 1}")
    #expect(given.reward == 1 && given.rewards == ["right": 1, "length": 12])
    let nan = await ProcessWorldTests.failure("return {'observation': 'x', 'rewards': {'right': float('inf')}}")
    #expect(nan?.message.contains("Infinity") == true)
  }

  @Test("A reward that comes after the end is waited for as long as is set for it")
  func pending() async throws {
    func reward(_ score: String, timeout: Double = 60) async throws -> Outcome {
      var settings = ProgramWorld.Settings(
        command: ProcessWorldTests.program(
          """
          if q["op"] == "score":
              return \(score)
          return {"observation": "x", "reward": 0.25, "done": True, "pending": True}
          """), timeout: 120)
      settings.scoreTimeout = timeout
      let world = try await ProgramWorld(settings, splits: try TaskSplits([:]))
      do {
        var (episode, _) = try await world.begin(try world.task("a"))
        let outcome = try await episode.step(.act("go"))
        await world.close()
        return outcome
      } catch {
        await world.close()
        throw error
      }
    }
    let late = try await reward("{'rewards': {'tests': 0.5}}")
    #expect(late.reward == 0.75 && late.rewards == ["tests": 0.5] && late.isDone)
    for (score, words) in [("{}", "without a reward"), ("{'failed': 'no grader'}", "no grader")] {
      let error = await #expect(throws: WorldError.self) { try await reward(score) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let never = await #expect(throws: WorldError.self) { try await reward("time.sleep(600)", timeout: 0.5) }
    #expect(never?.message.contains("did not answer score within 0.5 s") == true, "\(never?.message ?? "")")
  }

  @Test("An episode is forked in place")
  func forks() async throws {
    let world = try await ProcessWorldTests.world(
      ProcessWorldTests.program(
        """
        if q["op"] == "fork":
            counts[q["copy"]] = counts[q["episode"]]
            return {}
        n = counts[q["episode"]] = counts.get(q["episode"], 0) + 1
        return {"observation": str(n), "reward": n / 100}
        """, before: "counts = {}", hello: "\"forks\": True"))
    let findings = try await WorldCheck(world).run(try world.tasks(in: .test))
    #expect(findings.contains { $0.name == "fork" && $0.verdict == .fine && $0.detail.contains("by copy") })
    await world.close()
  }

  @Test("The check: another opening is wrong, a replay that pays nothing proves nothing")
  func check() async throws {
    func finding(_ reset: String, _ step: String) async throws -> Finding {
      let world = try await ProcessWorldTests.world(
        ProcessWorldTests.program(step, before: "import itertools\nnumbers = itertools.count()").map {
          $0.replacing(#"{"observation": "start"}"#, with: reset)
        })
      let findings = try await WorldCheck(world).run(try world.tasks(in: .test))
      await world.close()
      return try #require(findings.first { $0.name == "replay" })
    }
    let other = try await finding(#"{"observation": str(next(numbers))}"#, "return {'observation': 'x', 'reward': 0.1}")
    #expect(other.verdict == .wrong && other.detail.contains("begins differently"), "\(other.detail)")
    let nothing = try await finding(#"{"observation": "start"}"#, "return {'observation': 'x'}")
    #expect(nothing.verdict == .warning && nothing.detail.contains("proves nothing"), "\(nothing.detail)")
  }
}
