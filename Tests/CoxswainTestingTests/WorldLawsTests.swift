import Agents
import Arithmetic
import CoxswainTesting
import Orders
import Synchronization
import Testing

/// Counts the calls, so that a test's world can answer differently each time.
final class Moods: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}

/// A world that keeps the laws except for what a test changes.
private struct Altered: World {
  var world = ScriptedWorld(outcomes: Self.outcomes, maximalReward: 1)
  var listed: @Sendable ([AgentTask]) -> [AgentTask] = { $0 }
  var found: @Sendable (AgentTask) throws(WorldError) -> AgentTask = { $0 }
  var prompt: @Sendable (Trajectory) -> String = { "\($0.count)" }

  static let outcomes = [
    Outcome(Observation("one")), Outcome(Observation("two")), Outcome(Observation("three"), reward: 1, isDone: true),
  ]

  var identity: WorldIdentity { world.identity }
  var maximalReward: Double? { world.maximalReward }

  func tasks(in split: Split) -> [AgentTask] { listed(world.tasks(in: split)) }
  func task(_ id: TaskID) throws(WorldError) -> AgentTask { try found(try world.task(id)) }
  func transcript(for trajectory: Trajectory) -> Transcript {
    Transcript(entries: [.prompt(prompt(trajectory))])
  }

  func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    try await world.begin(task)
  }
}

/// An episode that shares its state with its copies.
private final class Shared: Episode, Sendable {
  private let steps = Moods()

  func step(_ action: Action) -> Outcome {
    let step = steps.next()
    return Outcome(Observation("\(step)"), reward: step == 3 ? 1 : 0, isDone: step >= 3)
  }

  func fork() -> (any Episode)? { self }
}

@Suite("The laws of worlds")
struct WorldLawsTests {
  /// The only broken law.
  private func broken(_ world: any World) async throws -> Finding? {
    let error = await #expect(throws: BrokenLaws.self) { try await WorldLaws(world).hold() }
    let findings = error?.findings ?? []
    #expect(findings.count == 1, "\(findings)")
    return findings.first
  }

  private func altered(_ change: (inout Altered) -> Void) -> Altered {
    var world = Altered()
    change(&world)
    return world
  }

  @Test func theBuiltInWorldsKeepThem() async throws {
    let splits = try TaskSplits([.train: Array(0..<3), .test: [3, 4]])
    try await WorldLaws(Orders(splits: splits)).hold()
    try await WorldLaws(Arithmetic(splits: splits), actions: ["1", "2", "12"]).hold()
    let findings = try await WorldLaws(Orders(splits: splits)).findings()
    #expect(findings.map(\.name) == ["splits", "tasks", "rewards", "end", "transcript", "replay", "fork"])
    #expect(findings.allSatisfy { $0.verdict == .fine }, "\(findings)")
  }

  @Test func theDoublesKeepThem() async throws {
    try await WorldLaws(Altered()).hold()
    try await WorldLaws(ScriptedWorld(outcomes: Altered.outcomes)).hold()
  }

  @Test func aTaskInTwoSplits() async throws {
    let train = ScriptedWorld.tasks(2, stepLimit: 3)[.train] ?? []
    let world = altered { $0.listed = { _ in train } }
    #expect(try await broken(world)?.detail.contains("train-0 is in train and in validation") == true)
    let twice = ScriptedWorld(tasks: [.train: train + train]) { _ in (Shared(), Observation("start")) }
    #expect(try WorldLaws(twice).splits().verdict == .wrong)
    #expect(try WorldLaws(ScriptedWorld(tasks: 0, outcomes: [])).splits().verdict == .wrong)
  }

  @Test func tasksThatAreNotStable() async throws {
    let moods = Moods()
    let world = altered { $0.listed = { tasks in moods.next().isMultiple(of: 2) ? tasks : tasks.reversed() } }
    let finding = try await broken(world)
    #expect(finding?.name == "tasks" && finding?.detail.contains("another order") == true)
  }

  @Test func tasksThatAreNotFound() async throws {
    let none = altered { $0.found = { task throws(WorldError) in throw WorldError(.unknownTask, "no \(task.id)") } }
    #expect(try await broken(none)?.detail.contains("does not find a task") == true)
    let other = altered { $0.found = { AgentTask(id: $0.id, request: $0.request, stepLimit: 9) } }
    #expect(try await broken(other)?.detail.contains("gives another task") == true)
    let endless = altered { $0.listed = { tasks in tasks.map { AgentTask(id: $0.id, request: "", stepLimit: 0) } } }
    #expect(try await broken(endless)?.detail.contains("a step limit of 0") == true)
  }

  @Test(arguments: [2.0, .infinity])
  func rewardsThatCannotBe(reward: Double) async throws {
    let outcomes = [Outcome(Observation("x"), reward: reward, isDone: true)]
    let world = ScriptedWorld(outcomes: outcomes, maximalReward: 1)
    let finding = try await WorldLaws(world).rewards(on: world.tasks(in: .train))
    #expect(finding.name == "rewards" && finding.verdict == .wrong)
    await #expect(throws: BrokenLaws.self) { try await WorldLaws(world).hold() }
  }

  @Test(arguments: [true, false])
  func aStepAfterTheEnd(goesOn: Bool) async throws {
    let world = ScriptedWorld(tasks: ScriptedWorld.tasks(1, stepLimit: 3)) { _ in
      let episode = ClosureEpisode(state: 0) { (step: inout Int, _) in
        step += 1
        return Outcome(Observation("\(step)"), isDone: goesOn ? step == 2 : step >= 2)
      }
      return (episode, Observation("start"))
    }
    let finding = try await WorldLaws(world).ends(on: world.tasks(in: .train))
    #expect(finding.verdict == (goesOn ? .wrong : .warning), "\(finding)")
    if goesOn { #expect(try await broken(world)?.name == "end") }
  }

  @Test func aTranscriptThatIsNoFunction() async throws {
    let moods = Moods()
    let finding = try await broken(altered { $0.prompt = { "\($0.count) of \(moods.next())" } })
    #expect(finding?.name == "transcript")
  }

  @Test func actionsThatPayOtherwiseTheNextTime() async throws {
    let moods = Moods()
    let world = ScriptedWorld(tasks: ScriptedWorld.tasks(1, stepLimit: 1)) { _ in
      let reward = Double(moods.next())
      let episode = ClosureEpisode(state: 0) { (_: inout Int, _) in Outcome(Observation("x"), reward: reward) }
      return (episode, Observation("start"))
    }
    let findings = try await WorldLaws(world).findings()
    #expect(findings.first { $0.name == "replay" }?.verdict == .wrong, "\(findings)")
  }

  @Test func textsThatReadOtherwiseTheNextTimeAreAWarning() async throws {
    let moods = Moods()
    let world = ScriptedWorld(tasks: ScriptedWorld.tasks(1, stepLimit: 2)) { _ in
      let episode = ClosureEpisode(state: moods.next()) { (number: inout Int, _) in Outcome(Observation("\(number)")) }
      return (episode, Observation("start"))
    }
    try await WorldLaws(world).hold()
    let findings = try await WorldLaws(world).findings()
    #expect(findings.filter { $0.verdict == .warning }.map(\.name).contains("replay"), "\(findings)")
    #expect(findings.first { $0.name == "fork" }?.verdict == .warning)
  }

  @Test func aCopyThatIsItsOriginal() async throws {
    let world = ScriptedWorld(tasks: ScriptedWorld.tasks(1, stepLimit: 3)) { _ in (Shared(), Observation("start")) }
    #expect(try await broken(world)?.name == "fork")
  }

  @Test func aWorldThatThrowsBreaksALawToo() async throws {
    let world = UnreliableWorld(ScriptedWorld(outcomes: Altered.outcomes), losingSteps: [2])
    let finding = try await broken(world)
    #expect(finding?.name == "errors" && finding?.detail.contains("unavailable") == true)
  }

  @Test func theMessageNamesTheWorldAndEveryLaw() async throws {
    let error = await #expect(throws: BrokenLaws.self) {
      try await WorldLaws(altered { $0.found = { AgentTask(id: $0.id, request: "", stepLimit: 1) } }).hold()
    }
    #expect(
      "\(try #require(error))".hasPrefix("The world scripted breaks 1 law. tasks: task(\"train-0\") gives another"))
  }
}
