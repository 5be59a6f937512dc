import Agents
import Foundation
import ModelServers
import Policies
import TestTraits
import Testing

/// The virtual environment that the set-up creates. Without it these tests fail with an explanation.
enum Environment {
  static var python: String {
    let root =
      ProcessInfo.processInfo.environment["COXSWAIN_VENV"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent(".venv").path
    return root + "/bin/python"
  }
}

@Suite("A real llama.cpp server on loopback", .alone)
struct LocalServerTests {
  static let transcript = Transcript(entries: [
    .instructions("Choose the options that match what the customer wants."),
    .prompt("We have coat, belt. I want two red coat, so I pick the item"), .response("coat"),
    .prompt("We have hat, scarf. I want five blue scarf, so I pick the item"),
  ])

  static func request(_ particle: Int = 0, transcript: Transcript = transcript, choices: [String]? = ["hat", "scarf"])
    -> PolicyRequest
  {
    PolicyRequest(
      transcript: transcript, choices: choices, seed: Seed(9).split(particle),
      key: CallKey(run: "r", task: "t", particle: particle, step: 0))
  }

  @Test("answers on both endpoints, holds to choices, shares prompts, counts tokens, refuses what is too long")
  func answers() async throws {
    let settings = LocalServer.Settings(python: Environment.python, slots: 4, context: 256, threads: 1)
    try await LocalServer.with(settings) { server in
      for api in ChatCompletionsPolicy.API.allCases {
        for constraint in [ChoiceConstraint.grammar, .schema, .validate] where api == .chat || constraint != .schema {
          let policy = ChatCompletionsPolicy(
            url: server.url,
            settings: .init(
              model: "m", api: api, format: .plain, temperature: 0.7, maxTokens: 24, constraint: constraint,
              rules: CallRules(timeout: 60)))
          let response = try await policy.respond(to: Self.request())
          #expect(response.usage.inputTokens > 20 && response.usage.outputTokens > 0)
          if constraint != .validate { #expect(["hat", "scarf"].contains(response.text), "\(api) \(constraint)") }
        }
      }
      let text = ChatCompletionsPolicy(
        url: server.url,
        settings: .init(
          model: "m", api: .text, format: .plain, temperature: 1, maxTokens: 8, constraint: .grammar,
          rules: CallRules(timeout: 60)))
      let shared = SharedPrompts(text, most: 4)
      let answers = try await withThrowingTaskGroup(of: PolicyResponse.self) { group in
        for particle in 0..<8 { group.addTask { try await shared.respond(to: Self.request(particle)) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.allSatisfy { ["hat", "scarf"].contains($0.text) })
      #expect(answers.count { $0.usage.inputTokens > 0 } == 2)
      // The same seed draws the same answer again.
      let free = try await text.respond(to: Self.request(5, choices: nil))
      #expect(try await text.respond(to: Self.request(5, choices: nil)).text == free.text)

      let long = Transcript(entries: [.prompt(String(repeating: "word ", count: 2_000))])
      let error = await #expect(throws: PolicyError.self) {
        try await text.respond(to: Self.request(transcript: long, choices: nil))
      }
      #expect(error?.kind == .contextTooLong)
    }
  }

  @Test("seed, stop, n beyond what it draws, log-probabilities and a context that is too long, on both endpoints")
  func abilities() async throws {
    let settings = LocalServer.Settings(python: Environment.python, slots: 4, context: 256, threads: 1)
    try await LocalServer.with(settings) { server in
      for api in ChatCompletionsPolicy.API.allCases {
        var settings = ChatCompletionsPolicy.Settings(
          model: "m", api: api, format: .plain, temperature: 1.2, maxTokens: 16, constraint: .validate,
          rules: CallRules(timeout: 60))
        let policy = ChatCompletionsPolicy(url: server.url, settings: settings)
        let story = Transcript(entries: [.prompt("Tell a story of many lines about a hat:")])
        func ask(_ particle: Int) async throws -> PolicyResponse {
          try await policy.respond(to: Self.request(particle, transcript: story, choices: nil))
        }
        // One request at a time, since batching changes the order of the sums.
        let first = try await ask(1)
        #expect(try await ask(1).text == first.text)
        var others: Set<String> = []
        for particle in 2..<6 { others.insert(try await ask(particle).text) }
        #expect(others.count > 1 && first.logProbability == nil)
        // An answer in plain text is one line.
        if api == .text { #expect(!others.contains { $0.contains("\n") }) }

        let drawn = try await policy.respond(
          to: Self.request(1, transcript: story, choices: nil), samples: 8)
        #expect(drawn.count == 4)
        #expect(drawn.dropFirst().allSatisfy { $0.usage.savedInputTokens == drawn[0].usage.inputTokens })

        settings.logProbabilities = true
        let weighed = try await ChatCompletionsPolicy(url: server.url, settings: settings)
          .respond(to: Self.request(1, transcript: story, choices: nil))
        #expect((weighed.logProbability ?? 1) < 0)

        let long = Transcript(entries: [.prompt(String(repeating: "word ", count: 2_000))])
        let error = await #expect(throws: PolicyError.self) {
          try await policy.respond(to: Self.request(transcript: long, choices: nil))
        }
        #expect(error?.kind == .contextTooLong)
      }
    }
  }

  @Test("A server that dies mid-run is a clear end, after retries")
  func dies() async throws {
    let settings = LocalServer.Settings(python: Environment.python, slots: 1, context: 256, threads: 1)
    try await LocalServer.with(settings) { server in
      let policy = ChatCompletionsPolicy(
        url: server.url,
        settings: .init(
          model: "m", api: .text, format: .plain, maxTokens: 4, constraint: .grammar,
          rules: CallRules(retry: RetryRule(attempts: 3, base: 0.05, most: 1, waitsOutOutages: false), timeout: 30)))
      _ = try await policy.respond(to: Self.request())
      kill(server.process, SIGKILL)
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: Self.request()) }
      #expect(error?.kind == .connectionRefused && error?.message.contains("tried 3 times") == true)
    }
  }

  @Test func itEndsWithTheBodyAlsoWhenThatFails() async throws {
    let settings = LocalServer.Settings(python: Environment.python, slots: 1, context: 128, threads: 1)
    struct Oops: Error {}
    var process: pid_t = 0
    await #expect(throws: Oops.self) {
      try await LocalServer.with(settings) { server in
        process = server.process
        #expect(kill(process, 0) == 0)
        throw Oops()
      }
    }
    #expect(process > 0)
    #expect(kill(process, 0) != 0)
  }

  @Test func whatIsMissingIsSaid() async throws {
    func failure(_ settings: LocalServer.Settings) async -> String {
      do {
        try await LocalServer.with(settings) { _ in }
        return "started"
      } catch { return "\(error)" }
    }
    #expect(await failure(.init(python: "/nowhere/python")).contains("make setup"))
    #expect(await failure(.init(python: Environment.python, model: "/nowhere/m.gguf")).contains("/nowhere/m.gguf"))
    let garbage = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).gguf")
    try Data("GGUF but not really".utf8).write(to: garbage)
    defer { try? FileManager.default.removeItem(at: garbage) }
    #expect(await failure(.init(python: Environment.python, model: garbage.path)).contains("did not start"))
    try await LocalServer.with(.init(python: Environment.python, slots: 1, context: 128, threads: 1)) { server in
      let message = await failure(.init(python: Environment.python, port: server.port))
      #expect(message.contains("port \(server.port)") && message.contains("policy.port"))
    }
  }
}
