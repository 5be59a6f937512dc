import Agents
import Foundation
import Policies
import Synchronization
import TestSupport
import Testing

@testable import Critics
@testable import ModelServers

@Suite("A served reward model as critic, against a server with faults")
struct PoolingTests {
  /// Fewer than a batch.
  static let states = DistinctStates(coinStates(tasks: 0..<4)).states

  static func settings(
    batch: Int = 32, scale: Double = 1, offset: Double = 0, attempts: Int = 4, concurrency: Int = 4
  ) -> PoolingCritic.Settings {
    PoolingCritic.Settings(
      model: "rm", batch: batch, scale: scale, offset: offset,
      rules: CallRules(
        retry: RetryRule(attempts: attempts, base: 0.01, most: 0.05, waitsOutOutages: false), concurrency: concurrency,
        section: "critic"))
  }

  static func texts(_ request: TestServer.Request) -> [String] { request.json["input"] as? [String] ?? [] }

  /// A number that identifies the text.
  static func number(_ text: String) -> Double { Double(text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 9973 }) / 9973 }

  static func answer(_ items: [String]) -> TestServer.Reply {
    .answer(200, #"{"id":"p-1","object":"list","model":"rm","data":[\#(items.joined(separator: ","))],"usage":{}}"#)
  }

  static let right: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
    answer(texts(request).enumerated().map { #"{"index":\#($0),"object":"pooling","data":[\#(number($1))]}"# })
  }

  func ask(
    _ settings: PoolingCritic.Settings = settings(), key: String? = nil, states: [CriticState] = states,
    _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (Result<[ReturnDistribution?], CriticError>, [TestServer.Request]) {
    try await TestServer.with(reply) { server in
      let critic = PoolingCritic(url: server.url, key: key, settings: settings)
      do throws(CriticError) { return (.success(try await critic.returnsToGo(from: states)), server.requests) } catch {
        return (.failure(error), server.requests)
      }
    }
  }

  static let truth: [ReturnDistribution?] = states.map { .point(number($0.text)) }

  @Test("Texts are sent in batches, equal ones once, and values come back in the order of the states")
  func batches() async throws {
    let states = Self.states + Self.states.reversed()
    for batch in [1, 5, 32, 1_000] {
      let (result, requests) = try await ask(Self.settings(batch: batch), states: states, Self.right)
      #expect(try result.get() == Self.truth + Self.truth.reversed())
      #expect(requests.count == (Self.states.count + batch - 1) / batch)
      #expect(Set(requests.flatMap(Self.texts)) == Set(Self.states.map(\.text)))
      #expect(requests.allSatisfy { $0.path == "/v1/pooling" && $0.json["model"] as? String == "rm" })
      #expect(requests.map { Self.texts($0).count }.reduce(0, +) == Self.states.count)
    }
    let (nothing, none) = try await ask(states: [], Self.right)
    #expect(try nothing.get().isEmpty && none.isEmpty)
  }

  @Test("No more batches are in flight than allowed, and more than one")
  func concurrency() async throws {
    let present = Mutex((now: 0, most: 0))
    let (result, requests) = try await ask(Self.settings(batch: 1, concurrency: 3)) { request in
      present.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      DispatchQueue.global().asyncAfter(deadline: .now() + 0.2) { present.withLock { $0.now -= 1 } }
      return .after(0.3, Self.right(request))
    }
    #expect(try result.get() == Self.truth && requests.count == Self.states.count)
    #expect((2...3).contains(present.withLock(\.most)))
  }

  @Test(
    "A value in any of its forms, in any order, with any other keys",
    arguments: ["[V]", "[[V]]", "V", #"[V],"probs":[0.1,0.9],"label":"x""#])
  func forms(form: String) async throws {
    let (result, _) = try await ask { request in
      let items = Self.texts(request).enumerated().map { place, text in
        #"{"index":\#(place),"data":\#(form.replacing("V", with: "\(Self.number(text))"))}"#
      }
      var generator = Seed(UInt64(request.number)).generator()
      return Self.answer(generator.drawn(items.count, from: items))
    }
    #expect(try result.get() == Self.truth)
  }

  @Test("Items that name no index are in order")
  func noIndex() async throws {
    let (result, _) = try await ask { Self.answer(Self.texts($0).map { #"{"data":[\#(Self.number($0))]}"# }) }
    #expect(try result.get() == Self.truth)
  }

  @Test(
    "What is no number is missing, for that state alone",
    arguments: [
      "null", "[null]", "NaN", "[NaN]", "[Infinity]", "-Infinity", "\"0.5\"", "true", "[1,2]", "[]", "{}", "[[1],[2]]",
      "gone", "nokey",
    ])
  func missing(form: String) async throws {
    let (result, requests) = try await ask { request in
      let items = Self.texts(request).enumerated().compactMap { place, text -> String? in
        guard place == 2 else { return #"{"index":\#(place),"data":[\#(Self.number(text))]}"# }
        return switch form {
        case "gone": nil
        case "nokey": #"{"index":\#(place)}"#
        default: #"{"index":\#(place),"data":\#(form)}"#
        }
      }
      return Self.answer(items)
    }
    var expected = Self.truth
    expected[2] = nil
    #expect(try result.get() == expected && requests.count == 1)
  }

  @Test("All values missing is no error: the particles keep their weights")
  func allMissing() async throws {
    let nulls: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      Self.answer(Self.texts(request).indices.map { #"{"index":\#($0),"data":[null]}"# })
    }
    try await TestServer.with(nulls) { server in
      let critic = PoolingCritic(url: server.url, settings: Self.settings())
      let values = try await critic.returnsToGo(from: Self.states)
      #expect(values.allSatisfy { $0 == nil })
      #expect(critic.counts == ValueCounts(asked: Self.states.count, missing: Self.states.count))
    }
  }

  @Test("The map to reward units; what leaves the numbers is missing")
  func map() async throws {
    let (result, _) = try await ask(Self.settings(scale: 2, offset: -0.5), Self.right)
    #expect(try result.get() == Self.states.map { .point(2 * Self.number($0.text) - 0.5) })
    let (large, _) = try await ask(Self.settings(scale: 1e300)) {
      Self.answer(Self.texts($0).indices.map { #"{"index":\#($0),"data":[1e300]}"# })
    }
    #expect(try large.get().allSatisfy { $0 == nil })
  }

  @Test(
    "An answer of another shape throughout is an error that says what came, and is not asked for again",
    arguments: [
      ("{}", "no list under data"), (#"{"data":{}}"#, "no list under data"), ("[]", "no list under data"),
      (#"{"data":[]}"#, "0 items for"), ("null", "no list under data"), ("7", "no list under data"),
      (#"{"data":[[0.5],[0.5]]}"#, "not there"), (#"{"data":[{"index":0,"data":[[0.1],[0.2],[0.3]]}]}"#, "a list of 3"),
      (#"{"data":[{"index":0,"data":[0.1,0.2]}]}"#, "a list of 2, each a number"),
      (#"{"data":[{"index":99,"data":[0.1]}]}"#, "indexes"), (#"{"data":[{"index":-1,"data":[0.1]}]}"#, "indexes"),
      (#"{"data":[{"index":1,"data":[0.1]},{"index":1,"data":[0.2]}]}"#, "indexes"),
      (#"{"data":[{"index":"1","data":[0.1]}]}"#, "indexes"), (#"{"data":[{"data":[0.1]}]}"#, "indexes"),
      (
        #"{"data":[{"index":0,"data":[1]}\#(String(repeating: #",{"index":1,"data":[1]}"#, count: 40))]}"#,
        "41 items for"
      ),
    ])
  func shape(body: String, words: String) async throws {
    let (result, requests) = try await ask { _ in .answer(200, body) }
    let error = #expect(throws: CriticError.self) { try result.get() }
    #expect(error?.kind == .failed && error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(String(body.prefix(40))) == true && requests.count == 1)
  }

  @Test("What a server says is quoted short and without control characters")
  func quoted() async throws {
    let (result, _) = try await ask { _ in
      .answer(200, #"{"data":"\#u{1B}[2J\#(String(repeating: "x", count: 5_000))"}"#)
    }
    let error = #expect(throws: CriticError.self) { try result.get() }
    #expect((error?.message.count ?? 0) < 900 && error?.message.contains("\u{1B}") == false)
  }

  @Test(
    "What may pass is tried again",
    arguments: [
      .answer(429, "{}", headers: ["Retry-After": "0"]), .answer(500, "oops"), .answer(503, ""), .reset,
      .truncated(#"{"data":[{"index":0,"data":[1]}]}"#), .answer(200, "not JSON"),
    ] as [TestServer.Reply])
  func retried(fault: TestServer.Reply) async throws {
    let (result, requests) = try await ask { $0.number == 1 ? fault : Self.right($0) }
    #expect(try result.get() == Self.truth && requests.count == 2)
  }

  @Test(
    "Nothing is tried for ever, and the key is in no error",
    arguments: [
      (.answer(500, #"{"error":{"message":"planted-secret is down"}}"#), 3, "tried 3 times"),
      (.answer(401, "planted-secret"), 1, "critic.apiKeyVariable"), (.answer(404, "planted-secret"), 1, "critic.url"),
      (.answer(400, #"{"message":"planted-secret"}"#), 1, "400"), (.reset, 3, "tried 3 times"),
      (.endless, 3, "sent more than"),
      (.answer(200, #"{"said":"planted-secret"}"#), 1, "no list under data"),
      (.answer(200, "planted-secret"), 3, "no JSON"),
    ] as [(TestServer.Reply, Int, String)])
  func bounded(fault: TestServer.Reply, asked: Int, words: String) async throws {
    let (result, requests) = try await ask(Self.settings(attempts: 3), key: "planted-secret") { _ in fault }
    let error = #expect(throws: CriticError.self) { try result.get() }
    #expect(error?.kind == .failed && error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("planted-secret") == false && requests.count == asked)
    #expect(requests.allSatisfy { $0.headers["authorization"] == "Bearer planted-secret" })
  }

  @Test("A text that is too long is missing, and the others of its batch are not")
  func tooLong() async throws {
    let long = Self.states[4].text
    let (result, requests) = try await ask { request in
      Self.texts(request).contains(long)
        ? .answer(400, #"{"error":{"message":"This model's maximum context length is 8 tokens"}}"#)
        : Self.right(request)
    }
    var expected = Self.truth
    expected[4] = nil
    #expect(try result.get() == expected)
    // The batch is halved recursively and not sent one text at a time.
    #expect(requests.count <= 2 * 7)
  }

  @Test("The end of the run ends the wait for another try")
  func ended() async throws {
    let busy: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .answer(503, "", headers: ["Retry-After": "500"])
    }
    try await TestServer.with(busy) { server in
      for (end, kind) in [(PolicyError.Kind.cancelled, CriticError.Kind.cancelled), (.limitReached, .limitReached)] {
        let calls = Mutex(0)
        let critic = PoolingCritic(url: server.url, settings: Self.settings()) {
          // The run ends only after the wait for a retry has begun.
          calls.withLock {
            $0 += 1
            return $0 > 1 ? PolicyError(end, "Over.") : nil
          }
        }
        let error = await #expect(throws: CriticError.self) { try await critic.returnsToGo(from: Self.states) }
        #expect(error?.kind == kind)
      }
    }
  }

  @Test("Plain http goes to loopback alone unless allowed")
  func plainHTTP() async throws {
    let critic = PoolingCritic(url: "http://rewards.example.com", settings: Self.settings())
    let error = await #expect(throws: CriticError.self) { try await critic.returnsToGo(from: Self.states) }
    #expect(error?.message.contains("critic.allowPlainHTTP") == true)
  }

  @Test("The identity names the model and the map, and no address")
  func identity() {
    func identity(_ settings: PoolingCritic.Settings, url: String = "https://a.example.com") -> String {
      PoolingCritic(url: url, key: "planted-secret", settings: settings).identity
    }
    #expect(identity(Self.settings()) == "pooling, rm")
    #expect(identity(Self.settings(batch: 3), url: "https://b.example.com") == identity(Self.settings()))
    #expect(
      Set([identity(Self.settings()), identity(Self.settings(scale: 2)), identity(Self.settings(offset: 2))]).count == 3
    )
  }
}
