import Agents
import Foundation
import TestSupport
import Testing

@testable import AgentGym

@Suite("Numbers of any length pass through a server's bodies")
struct NumberTests {
  /// A name of 128 bits. Servers may name environments so.
  private static let name = "170141183460469231731687303715884105729"

  @Test func anEnvironmentIsAskedForByTheNameItWasGiven() async throws {
    try await FaultTests.with { _, place, _ in
      place == "/create" ? .answer(200, #"{"id": \#(Self.name), "observation": "", "done": false, "reward": 0}"#) : nil
    } _: { world, server in
      var (episode, _) = try await world.begin("0")
      _ = try await episode.step(.act("go"))
      await episode.close()
      await world.close()
      let asked = server.requests.filter { ["/v1/reset", "/v1/step", "/v1/close"].contains($0.path) }
      #expect(asked.count == 3)
      for request in asked { #expect(String(decoding: request.body, as: UTF8.self).contains("\"id\":\(Self.name)")) }
    }
  }

  @Test func whatAnAnswerHoldsIsShownAsItIsWritten() throws {
    let answer = try DialectTests.read(#"{"state": [18446744073709551616, 0.10, 1.0, 1e400]}"#)
    #expect(answer.excerpt == #"{"state":[18446744073709551616,0.10,1.0,1e400]}"#)
  }
}
