import Agents
import Foundation
import JavaBridge
import TestSupport
import TestTraits
import Testing

@testable import TextWorldExpress

@Suite(
  "TextWorldExpress on the real jar", .alone, .serialized,
  .enabled(if: java != nil, "There is no Java on this machine: apt-get install openjdk-17-jre-headless"))
struct SimulatorTests {
  /// Seeds of each fold of every game, with the easy parameters, and one with the standard ones.
  @Test("Solutions reach the maximum, and are the same each time", .timeLimit(.minutes(10)))
  func goldPaths() async throws {
    try await SimulatorPool.with(settings(memory: 128)) { pool in
      for game in TextGame.allCases {
        for parameters in Set([game.easy, ""]) {
          let world = try TextWorldExpress(pool: pool, game: game, parameters: parameters, stepLimit: 200)
          let easy = parameters == game.easy
          for seed in easy ? [7, 8, 10_007, 20_007] : [9] {
            let task = try world.task(TaskID("\(try #require(GameFold(seed: seed)).rawValue)-\(seed)"))
            let path = try #require(try await world.solution(of: task))
            #expect(!path.contains { TextWorldExpress.idleActions.contains($0) })
            let outcomes = try await world.play(path, task.id).outcomes
            #expect(outcomes.last?.isDone == true, "\(game) \(task.id)")
            #expect(abs(outcomes.reduce(0) { $0 + $1.reward } - 1) < 1e-9, "\(game) \(task.id)")
            // Another object has no solutions yet, and finds the same.
            let again = try TextWorldExpress(pool: pool, game: game, parameters: parameters, stepLimit: 200)
            if seed == 7 { #expect(try await again.solution(of: task) == path) }
          }
        }
      }
      let short = try TextWorldExpress(pool: pool, game: .cookingworld, stepLimit: 3)
      #expect(try await short.solution(of: try short.task("train-0")) == nil)
    }
  }

  @Test("The names, parameters, ranges and seeds are the jar's")
  func catalogue() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let world = try await pool.world(at: try await pool.enter(await pool.ticket()))
      func problem(_ game: TextGame, _ parameters: String) async throws -> String {
        try await world.answers(to: [world.call("load", .text(game.rawValue), .text(parameters))])[0].text()
      }
      let names = try await world.connection.texts(of: try await world.answers(to: [world.call("getGameNames")])[0])
      #expect(Set(names) == Set(TextGame.allCases.map(\.rawValue)))
      for game in TextGame.allCases {
        let unknown = try await problem(game, "nonsense=1")
        let known = unknown.split(separator: ":").last.map(String.init) ?? ""
        // The jar's list for simonsays ends with "verboseNone".
        let listed = known.replacing("verboseNone", with: "verbose").split { ", .".contains($0) }.map(String.init)
        let own = game.parameters.map(\.name)
        #expect(Set(listed) == Set(own.isEmpty ? ["None"] : own), "\(unknown)")
        for parameter in game.parameters {
          // With some values that the jar takes it generates nothing.
          let isNarrower = game == .mapreader && parameter.name == "numLocations"
          for value in [parameter.range.lowerBound, parameter.range.upperBound] {
            #expect(try await problem(game, "\(parameter.name)=\(value)") == "")
          }
          // Flags are any number to the jar.
          guard parameter.range.upperBound > 1, parameter.name != "gameLength", !isNarrower else { continue }
          #expect(try await problem(game, "\(parameter.name)=\(parameter.range.upperBound + 1)") != "")
        }
        #expect(try await problem(game, "") == "")
        for (fold, method) in zip(GameFold.allCases, ["getSeedsTrain", "getSeedsDev", "getSeedsTest"]) {
          let list = try await world.answers(to: [world.call(method)])[0].object()
          let last = Py4JCall(list, "get", .integer(Int32(fold.seeds.count - 1)))
          let answers = try await world.answers(to: [Py4JCall(list, "size"), Py4JCall(list, "get", .integer(0)), last])
          #expect(
            answers == [
              .integer(fold.seeds.count), .integer(fold.seeds.lowerBound), .integer(fold.seeds.upperBound - 1),
            ])
        }
        // A game with the standard values written out is the game without any.
        let plain = TextGame.Parameter.written(game.parameters)
        let openings = try await ["", plain].mapped { parameters in
          let setup = GameSetup(game: game, parameters: parameters, seed: 5, fold: .train)
          return try await setup.load(in: world)
        }
        #expect(openings[0].request == openings[1].request && openings[0].view == openings[1].view, "\(game)")
      }
    }
  }

  @Test("Wins, losses, words that are not understood, and the end")
  func ends() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let sorting = try TextWorldExpress(pool: pool, game: .sorting)
      var (episode, opening) = try await sorting.begin(try sorting.task("train-0"))
      #expect(opening.text.hasPrefix("Your task is to sort objects") && opening.text.contains("\nYou are in"))
      #expect(opening.choices?.contains("look around") == false && opening.choices == opening.choices?.sorted())
      for action in [
        Action.act("sing"), .unparsable("?"), .act(String(repeating: "x", count: 9_999)), .act("a\n!x\u{0}é"),
      ] {
        let outcome = try await episode.step(action)
        #expect(outcome.isInvalid && outcome.reward == 0 && !outcome.isDone && outcome.observation.choices != nil)
      }
      #expect(try await !episode.step(.act("look around")).isInvalid)
      #expect(try await episode.fork() == nil)
      // The heaviest first.
      _ = try await episode.step(.act("take 21kg of marble"))
      let lost = try await episode.step(.act("put 21kg of marble in box"))
      #expect(lost.isDone && lost.reward == -1)
      await #expect(throws: WorldError.self) { try await episode.step(.act("look around")) }
      await episode.close()

      let all = try TextWorldExpress(pool: pool, game: .twc, hiddenActions: [])
      let (other, shown) = try await all.begin(try all.task("train-0"))
      #expect(shown.choices?.contains("look around") == true)
      await other.close()
      let none = try TextWorldExpress(
        pool: pool, game: .twc, hiddenActions: Set(try #require(shown.choices)))
      let (last, kept) = try await none.begin(try none.task("train-0"))
      #expect(kept.choices == shown.choices)
      await last.close()

      // The simulator finds no rooms that far apart.
      let impossible = try TextWorldExpress(
        pool: pool, game: .mapreader, parameters: "numLocations=2,maxDistanceApart=8")
      let error = await #expect(throws: WorldError.self) {
        try await impossible.begin(try impossible.task("train-0"))
      }
      #expect(error?.kind == .failed && error?.message.contains("mapreader train-0") == true, "\(error?.message ?? "")")
    }
  }

  @Test("mapreader is generated with 2 to 48 rooms")
  func rooms() async throws {
    try await SimulatorPool.with(settings(memory: 128)) { pool in
      let world = try await pool.world(at: try await pool.enter(await pool.ticket()))
      for (rooms, isBuilt) in [(1, false), (2, true), (48, true), (49, false), (50, false)] {
        for seed in [0, 10_000, 20_000] {
          let setup = GameSetup(
            game: .mapreader, parameters: "numLocations=\(rooms),maxDistanceApart=1", seed: seed,
            fold: try #require(GameFold(seed: seed)))
          let opening = try? await setup.load(in: world)
          #expect((opening != nil) == isBuilt, "\(rooms) rooms, seed \(seed)")
        }
      }
    }
  }

  @Test("simonsays has no idle actions, and lists each choice once")
  func simonsays() async throws {
    try await SimulatorPool.with(settings()) { pool in
      let world = try TextWorldExpress(
        pool: pool, game: .simonsays, parameters: "gameLength=1000,numDistractors=5", stepLimit: 1_000)
      let task = try world.task("train-0")
      var (episode, opening) = try await world.begin(task)
      let choices = try #require(opening.choices)
      #expect(choices == Set(choices).sorted() && choices.count < 100)
      for action in TextWorldExpress.idleActions {
        let outcome = try await episode.step(.act(action))
        #expect(outcome.isInvalid && outcome.reward == 0 && !outcome.isDone)
      }
      await episode.close()
    }
  }

  @Test("An episode goes on after its process was killed, and no process outlives its pool")
  func killed() async throws {
    let memory = 65
    try await SimulatorPool.with(settings(processes: 2, memory: memory)) { pool in
      let world = try TextWorldExpress(pool: pool, game: .cookingworld, parameters: TextGame.cookingworld.easy)
      let path = try #require(try await world.solution(of: try world.task("train-1")))
      let whole = try await world.play(path, "train-1")
      var (episode, _) = try await world.begin(try world.task("train-1"))
      var outcomes: [Outcome] = []
      for (step, action) in path.enumerated() where outcomes.last?.isDone != true {
        if step == 3 {
          let victims = simulators(memory: memory)
          #expect(!victims.isEmpty)
          for victim in victims { kill(victim, SIGKILL) }
        }
        outcomes.append(try await episode.step(.act(action)))
      }
      #expect(outcomes == whole.outcomes)
      #expect(await episode.recoveryMismatches == 0)
      await episode.close()
    }
    for _ in 0..<1_200 where !simulators(memory: memory).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    #expect(simulators(memory: memory).isEmpty)
  }
}

/// The process ids of simulators with this memory limit.
func simulators(memory: Int) -> [pid_t] {
  let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return processes.compactMap { pid_t($0) }.filter { id in
    let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
    let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return words.contains("-Xmx\(memory)m") && words.contains("py4j.GatewayServer") && words[0].hasSuffix("java")
  }
}

extension TextGame.Parameter {
  fileprivate static func written(_ parameters: [Self]) -> String {
    parameters.map { "\($0.name)=\($0.standard)" }.joined(separator: ",")
  }
}

extension Sequence {
  fileprivate func mapped<T>(_ body: (Element) async throws -> T) async throws -> [T] {
    var values: [T] = []
    for element in self { values.append(try await body(element)) }
    return values
  }
}
