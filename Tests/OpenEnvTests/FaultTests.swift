import Agents
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import OpenEnv

@Suite("Servers that do otherwise than they should")
struct FaultTests {
  static func world(
    _ urls: [String], timeout: Double = 300, sessions: Int? = nil, capacityWait: Double = 300, recoveryWait: Double = 0
  ) async throws -> OpenEnv {
    try await OpenEnv(
      .init(
        urls: urls, timeout: timeout, sessionsPerServer: sessions, capacityWait: capacityWait,
        recoveryWait: recoveryWait),
      splits: try TaskSplits([.train: [0]]))
  }

  /// The result of one step of an episode.
  static func step(
    _ manners: SocketDouble.Manners, timeout: Double = 300, capacityWait: Double = 300
  ) async throws -> Outcome {
    try await SocketDouble.with(manners) { server in
      let world = try await world([server.url], timeout: timeout, capacityWait: capacityWait)
      do {
        var (episode, _) = try await world.begin(try world.task("seed-0"))
        let outcome = try await episode.step(.act("go"))
        await world.close()
        return outcome
      } catch {
        await world.close()
        throw error
      }
    }
  }

  static func failure(
    _ reply: SocketDouble.Reply, timeout: Double = 300
  ) async throws -> WorldError? {
    var manners = SocketDouble.Manners()
    manners.reply = { $0.type == "step" ? [reply] : SocketDouble.play($0) }
    do {
      let outcome = try await step(manners, timeout: timeout)
      Issue.record("\(outcome)")
      return nil
    } catch { return error as? WorldError }
  }

  @Test("Answers that are none are told with what was wanted and what came")
  func misspoken() async throws {
    let cases: [(String, String)] = [
      ("hello", "in JSON"), (#"{"type":"observation","data":{"reward":1,"done":false}}"#, "data.observation"),
      (#"{"type":"observation","data":{"observation":{},"reward":1}}"#, "data.done"),
      (#"{"type":"observation","data":{"observation":{},"reward":NaN,"done":false}}"#, "NaN"),
      (#"{"type":"observation","data":{"observation":{},"reward":1e999,"done":false}}"#, "step"),
      (#"{"type":"observation","data":{"observation":{},"reward":"1","done":false}}"#, "data.reward"),
      (#"{"type":"pong"}"#, "observation"),
      (#"{"type":"error","data":{"message":"m","code":"UNKNOWN_TYPE"}}"#, "UNKNOWN_TYPE"),
    ]
    for (text, wanted) in cases {
      let error = try #require(try await Self.failure(.text(text)))
      #expect(error.kind == .misconfigured && error.message.contains(wanted), "\(error)")
      #expect(error.message.count < 900)
    }
  }

  @Test("A lone surrogate costs one character, not the session")
  func surrogate() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = {
      $0.type == "step"
        ? [.text(#"{"type":"observation","data":{"observation":{"text":"caf\udce9"},"reward":1,"done":false}}"#)]
        : SocketDouble.play($0)
    }
    let outcome = try await Self.step(manners)
    #expect(outcome.observation.text.contains("caf\u{FFFD}") && outcome.reward == 1)
  }

  @Test func theShapesOfNewerVersionsAreUnderstood() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = { message in
      guard message.type == "step" else { return SocketDouble.play(message) }
      return [
        .text(
          """
          {"type":"observation","id":7,"data":{"observation":{"text":"ok"},"reward":true,"done":true,
           "metadata":{"steps":1},"truncated":false}}
          """)
      ]
    }
    let outcome = try await Self.step(manners)
    #expect(outcome == Outcome(Observation("ok"), reward: 1, isDone: true))
  }

  @Test("Sessions that are lost time and again are told as unavailable", arguments: [0, 1, 2, 3])
  func lost(which: Int) async throws {
    let reply: SocketDouble.Reply = [.hangUp, .close(1011, "error"), .garbage, .opening("x")][which]
    let error = try #require(try await Self.failure(reply, timeout: which == 3 ? 0.3 : 300))
    // On a busy machine the time limit may pass before the session opens.
    #expect(error.kind == .unavailable && (which == 3 || error.message.contains("3 sessions in a row")), "\(error)")
  }

  @Test func aSessionThatIsLostOnceIsPlayedAgain() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = { message in
      message.connection == 1 && message.number == 4 ? [.hangUp] : SocketDouble.play(message)
    }
    try await SocketDouble.with(manners) { server in
      let world = try await Self.world([server.url])
      var (episode, first) = try await world.begin(try world.task("seed-0"))
      #expect(first == Observation("start"))
      for word in ["a", "b", "c"] { #expect(try await episode.step(.act(word)).observation.text == word) }
      await world.close()
      let sent = server.log.texts.compactMap { text in
        ["reset", "\"a\"", "\"b\"", "\"c\"", "close"].first(where: text.contains)
      }
      #expect(sent == ["reset", "\"a\"", "\"b\"", "\"c\"", "reset", "\"a\"", "\"b\"", "\"c\"", "close"])
      #expect(server.log.texts[0] == #"{"data":{"seed":0},"type":"reset"}"#)
    }
  }

  @Test func aReplayThatPaysOtherwiseIsDivergence() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = { message in
      if message.connection == 1, message.number == 3 { return [.hangUp] }
      return message.type == "step"
        ? [SocketDouble.observation("x", reward: "\(message.connection)")] : SocketDouble.play(message)
    }
    try await SocketDouble.with(manners) { server in
      let world = try await Self.world([server.url])
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      _ = try await episode.step(.act("a"))
      do {
        _ = try await episode.step(.act("b"))
        Issue.record("It went on.")
      } catch let error as WorldError {
        #expect(error.kind == .diverged && error.message.contains("paid 2.0 for step 1"), "\(error)")
      }
      await world.close()
    }
  }

  @Test func anEpisodeThatEndsIsAskedNothingMore() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = { message in
      message.type == "step" ? [SocketDouble.observation("end", done: true)] : SocketDouble.play(message)
    }
    try await SocketDouble.with(manners) { server in
      let world = try await Self.world([server.url])
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      #expect(try await episode.step(.act("a")).isDone)
      await #expect { try await episode.step(.act("b")) } throws: { ($0 as? WorldError)?.kind == .diverged }
      #expect(server.log.texts.count == 2)
      await world.close()
    }
  }

  @Test("A full server is waited for, whichever way it says so", arguments: [0, 1, 2])
  func full(way: Int) async throws {
    var manners = SocketDouble.Manners()
    let refusals: [[SocketDouble.Reply]] = [
      [SocketDouble.error("CAPACITY_REACHED"), .close(1000, "")], [.close(1013, "full")], [.close(1000, "")],
    ]
    manners.greeting = { $0 <= 3 ? refusals[way] : [] }
    #expect(try await Self.step(manners).observation.text == "go")
    manners.greeting = { _ in refusals[way] }
    do {
      _ = try await Self.step(manners, capacityWait: 0.2)
      Issue.record("There was a place.")
    } catch let error as WorldError {
      #expect(error.kind == .unavailable && error.message.contains("capacityWait"), "\(error)")
    }
  }

  @Test func theNumberOfSessionsIsLearnedAndKept() async throws {
    // The server allows two sessions and does not announce that.
    let places = Mutex(0)
    var manners = SocketDouble.Manners()
    manners.reply = { message in
      switch message.type {
      case "reset"
      where places.withLock({
        $0 += 1
        return $0
      }) > 2:
        places.withLock { $0 -= 1 }
        return [SocketDouble.error("CAPACITY_REACHED"), .close(1000, "")]
      case "close":
        places.withLock { $0 -= 1 }
        return [.close(1000, "")]
      default: return SocketDouble.play(message)
      }
    }
    try await SocketDouble.with(manners) { server in
      let world = try await Self.world([server.url])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<6 {
          group.addTask {
            var (episode, _) = try await world.begin(try world.task(TaskID("seed-\(number)")))
            for step in 0..<4 {
              #expect(try await episode.step(.act("\(number).\(step)")).observation.text == "\(number).\(step)")
            }
            await episode.close()
          }
        }
        try await group.waitForAll()
      }
      await world.close()
      #expect(places.withLock(\.self) == 0)
    }
  }

  @Test func asManySessionsAsAllowedAreOpenedAndNoMore() async throws {
    try await SocketDouble.with { one in
      try await SocketDouble.with { two in
        let world = try await Self.world([one.url, two.url + "/ws"], sessions: 2)
        var episodes: [any Episode] = []
        for number in 0..<6 {
          episodes.append(try await world.begin(try world.task(TaskID("seed-\(number)"))).episode)
        }
        // All six episodes continue, though only four sessions can be open.
        for round in 0..<2 {
          for place in episodes.indices {
            #expect(try await episodes[place].step(.act("\(round)")).observation.text == "\(round)")
          }
        }
        for server in [one, two] { #expect(server.log.mostOpen == 2 && server.log.connections > 2) }
        await world.close()
      }
    }
  }

  @Test func episodesOfAServerThatIsGoneGoOnInAnother() async throws {
    try await SocketDouble.with { one in
      let (world, begun) = try await SocketDouble.with { two in
        let world = try await Self.world([one.url, two.url], sessions: 1, recoveryWait: 300)
        var episodes: [any Episode] = []
        for number in 0..<4 {
          episodes.append(try await world.begin(try world.task(TaskID("seed-\(number)"))).episode)
        }
        #expect(two.log.connections > 0)
        return (world, episodes)
      }
      var episodes = begun
      for round in 0..<3 {
        for place in episodes.indices {
          #expect(try await episodes[place].step(.act("\(round)")).observation.text == "\(round)")
        }
      }
      #expect(one.log.mostOpen == 1)
      await world.close()
    }
  }

  @Test func aStrangeActionIsAnsweredWithoutTheServer() async throws {
    try await SocketDouble.with { server in
      let world = try await Self.world([server.url])
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      let outcome = try await episode.step(.unparsable("hm"))
      #expect(
        outcome.isInvalid && outcome.reward == 0 && outcome.observation.text.contains("An action is a text: words"))
      #expect(server.log.texts.count == 1)
      await world.close()
    }
  }

  @Test func whatTheServerRefusesOfAnActionIsToldToTheAgent() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = {
      $0.type == "step" ? [SocketDouble.error("EXECUTION_ERROR", "no such door")] : SocketDouble.play($0)
    }
    let outcome = try await Self.step(manners)
    #expect(outcome.isInvalid && outcome.reward == 0 && outcome.observation.text.contains("no such door"))
  }

  @Test func aResetThatFailsIsTold() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = {
      $0.type == "reset" ? [SocketDouble.error("EXECUTION_ERROR", "no such map")] : SocketDouble.play($0)
    }
    await #expect { try await Self.step(manners) } throws: {
      ($0 as? WorldError)?.kind == .misconfigured && "\($0)".contains("no such map")
    }
    manners.reply = {
      $0.type == "reset" ? [SocketDouble.observation("over", done: true)] : SocketDouble.play($0)
    }
    await #expect { try await Self.step(manners) } throws: {
      ($0 as? WorldError)?.kind == .misconfigured && "\($0)".contains("before its first step")
    }
  }

  @Test("Other servers than OpenEnv's are told apart")
  func otherServers() async throws {
    func expect(_ kind: WorldError.Kind, _ words: String, _ urls: [String], timeout: Double = 300) async {
      do {
        _ = try await Self.world(urls, timeout: timeout)
        Issue.record("\(urls) is taken for an OpenEnv server.")
      } catch {
        #expect((error as? WorldError)?.kind == kind && "\(error)".contains(words), "\(error)")
      }
    }
    for page in [(404, #"{"detail":"Not Found"}"#), (200, "<html></html>"), (200, "{}"), (200, #"{"action": 1}"#)] {
      var manners = SocketDouble.Manners()
      manners.pages = ["/schema": page]
      try await SocketDouble.with(manners) { server in await expect(.misconfigured, "/schema does not", [server.url]) }
    }
    var other = SocketDouble.Manners()
    other.pages["/metadata"] = (200, #"{"name": "Other"}"#)
    let gone = try await SocketDouble.with(other) { two in
      try await SocketDouble.with { one in await expect(.misconfigured, "different", [one.url, two.url]) }
      return two.url
    }
    await expect(.unavailable, "Start the OpenEnv server", [gone])
    var mute = SocketDouble.Manners()
    mute.isMute = true
    try await SocketDouble.with(mute) { server in
      await expect(.unavailable, "did not answer", [server.url], timeout: 0.3)
    }
    await expect(.misconfigured, "allowPlainHTTP", ["ws://worlds.example"])
    await expect(.misconfigured, "environment.url", ["worlds"])
    await expect(.misconfigured, "environment.url", [])
  }

  @Test func aServerWithoutTheSocketIsMisconfigured() async throws {
    var manners = SocketDouble.Manners()
    manners.refusal = 403
    await #expect { try await Self.step(manners) } throws: { ($0 as? WorldError)?.kind == .misconfigured }
  }

  @Test func whoIsCancelledLeavesNothingOpen() async throws {
    var manners = SocketDouble.Manners()
    let (asked, note) = AsyncStream<Void>.makeStream()
    manners.reply = { message in
      guard message.type == "step" else { return SocketDouble.play(message) }
      note.yield()
      return []
    }
    try await SocketDouble.with(manners) { server in
      let world = try await Self.world([server.url], timeout: 600, sessions: 1)
      let task = Task {
        var (episode, _) = try await world.begin(try world.task("seed-0"))
        _ = try await episode.step(.act("a"))
      }
      for await _ in asked { break }
      // This begin waits for the only session.
      let other = Task { try await world.begin(try world.task("seed-1")) }
      other.cancel()
      await #expect { _ = try await other.value } throws: { ($0 as? WorldError)?.kind == .cancelled }
      task.cancel()
      await #expect { try await task.value } throws: { ($0 as? WorldError)?.kind == .cancelled }
      await world.close()
      await #expect { _ = try await world.begin(try world.task("seed-1")) } throws: {
        ($0 as? WorldError)?.kind == .cancelled
      }
      #expect(server.log.connections == 1)
    }
  }
}
