import Agents
import Foundation
import ModelServers
import Synchronization
import TestSupport
import Testing

@testable import Critics

@Suite("Embeddings as features")
struct EmbeddingTests {
  /// Knows what each omen means: the first number of a vector is 1 for a good one, and the others are a hash of the text.
  struct Oracle: Embedder {
    let identity = "oracle"

    func vectors(of texts: [String]) -> [[Float]] {
      texts.map { text in
        var generator = Seed(5).split(text).generator()
        let noise = (0..<96).map { _ in Float.random(in: -0.1...0.1, using: &generator) }
        return [text.contains("omen") ? (Omens.isGood(text) ? 1 : -1) : 0] + noise
      }
    }
  }

  /// One step to take. The opening is a word that occurs nowhere else, so that words say nothing about other tasks.
  enum Omens {
    static func isGood(_ text: String) -> Bool {
      guard let start = text.range(of: "omen") else { return false }
      let word = text[start.upperBound...].prefix { $0.isNumber }
      return Seed(9).split(String(word)).rawValue % 2 == 0
    }

    static func rollouts(tasks: Range<Int>, each: Int, seed: Seed) -> [Trajectory] {
      tasks.flatMap { number in
        let opening = "omen\(7919 * number)"
        var generator = seed.split(number).generator()
        return (0..<each).map { _ in
          var trajectory = Trajectory(
            task: AgentTask(id: TaskID("t\(number)"), request: "go on", stepLimit: 1), opening: Observation(opening))
          let isPaid = Double.random(in: 0..<1, using: &generator) < (isGood(opening) ? 0.9 : 0.1)
          trajectory.append(
            Step(
              response: "on", action: .act("on"),
              outcome: Outcome(Observation("the end"), reward: isPaid ? 1 : 0, isDone: true)))
          return trajectory
        }
      }
    }
  }

  static let world = WorldIdentity(kind: "omens")

  @Test("A critic learns from embeddings what no word of another task says, and names them as its ground")
  func learns() async throws {
    let rollouts = Omens.rollouts(tasks: 0..<120, each: 4, seed: Seed(1))
    let embedder = ProjectedEmbedder(Oracle())
    let embeddings = try await StateEmbeddings(of: TreesCritic.states(of: rollouts), by: embedder)
    let words = try TreesCritic.fit(
      rollouts, environment: Self.world, policy: "p", seed: Seed(1), settings: .quick)
    let critic = try TreesCritic.fit(
      rollouts, environment: Self.world, policy: "p", seed: Seed(1), settings: .quick, embeddings: embeddings)
    #expect(words.record.heldOutLogLoss > critic.record.heldOutLogLoss + 0.1)
    let group = try #require(critic.record.features.first)
    #expect(group.group.hasPrefix("embeddings") && group.share > 0.8)

    // On fresh tasks the expected return is .9 or .1. The stored critic asks about new states.
    let fresh = Omens.rollouts(tasks: 1_000..<1_080, each: 1, seed: Seed(2)).map { CriticState($0.prefix(0)) }
    let loaded = try TreesCritic(decoding: critic.encoded(), for: Self.world)
    let means = try await loaded.asking(embedder).returnsToGo(from: fresh).map { $0?.mean ?? .nan }
    let errors = zip(fresh, means).map { abs((Omens.isGood($0.observation) ? 0.9 : 0.1) - $1) }
    #expect(errors.reduce(0, +) / Double(errors.count) < 0.15)

    // Without an embedder, or with another one, it says what is missing.
    await #expect(throws: CriticError.self) { try await loaded.returnsToGo(from: fresh) }
    let beliefs = try CrossFitted.beliefs(
      about: rollouts, environment: Self.world, seed: Seed(1), settings: .quick, embeddings: embeddings)
    let isSeen = zip(rollouts, beliefs).filter { ($1[0].mean > 0.5) == Omens.isGood($0.opening.text) }
    #expect(Double(isSeen.count) > 0.95 * Double(rollouts.count))
  }

  @Test("Projected vectors nearly keep the angle between texts")
  func angles() async throws {
    struct Given: Embedder {
      let identity = "given"
      let given: [[Float]]
      func vectors(of texts: [String]) -> [[Float]] { given }
    }
    var generator = Seed(4).generator()
    func vector() -> [Float] { (0..<1_536).map { _ in Float.random(in: -1...1, using: &generator) } }
    func cosine(_ a: [Float], _ b: [Float]) -> Float {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (StateEmbeddings.norm(a) * StateEmbeddings.norm(b))
    }
    for _ in 0..<8 {
      let (a, b) = (vector(), vector())
      let given = [a, zip(a, b).map { $0 + 0.3 * $1 }, b]
      let short = try await ProjectedEmbedder(Given(given: given)).vectors(of: ["a", "b", "c"])
      #expect(short.allSatisfy { $0.count == 64 })
      // The standard error of a projected cosine is at most 1/√64.
      #expect(abs(cosine(short[0], short[1]) - cosine(given[0], given[1])) < 4 / 8)
      #expect(abs(cosine(short[0], short[2]) - cosine(given[0], given[2])) < 4 / 8)
      #expect(cosine(short[0], short[1]) > cosine(short[0], short[2]))
    }
    await #expect(throws: CriticError.self) {
      try await ProjectedEmbedder(Given(given: [[1], [1, 2]])).vectors(of: ["a", "b"])
    }
    await #expect(throws: CriticError.self) {
      try await ProjectedEmbedder(Given(given: [[.nan]])).vectors(of: ["a"])
    }
  }

  @Test("A server's vectors are read by their index, in batches; an answer of another size is an error")
  func server() async throws {
    let settings = EmbeddingServer.Settings(
      model: "e", batch: 2, longest: 4,
      rules: CallRules(retry: RetryRule(attempts: 1, base: 0.01, most: 0.01, waitsOutOutages: false), concurrency: 2))
    @Sendable func texts(_ request: TestServer.Request) -> [String] { request.json["input"] as? [String] ?? [] }
    try await TestServer.with { request in
      let items = texts(request).enumerated().reversed().map { place, text in
        #"{"object":"embedding","index":\#(place),"embedding":[\#(text.utf8.count),\#(text.utf8.first ?? 0)]}"#
      }
      return .answer(200, #"{"object":"list","data":[\#(items.joined(separator: ","))],"model":"e","usage":{}}"#)
    } _: { server in
      let embedder = EmbeddingServer(ServerAccess(url: server.url, key: nil), settings: settings)
      let found = try await embedder.vectors(of: ["a", "bcdefg", " "])
      #expect(found == [[1, 97], [4, 100], [9, 40]])
      #expect(server.requests.count == 2)
      #expect(server.requests.allSatisfy { $0.path.hasSuffix("/embeddings") })
    }
    try await TestServer.with { _ in
      .answer(200, #"{"data":[]}"#)
    } _: { server in
      let embedder = EmbeddingServer(ServerAccess(url: server.url, key: nil), settings: settings)
      await #expect(throws: CriticError.self) { try await embedder.vectors(of: ["a"]) }
    }
  }
}
