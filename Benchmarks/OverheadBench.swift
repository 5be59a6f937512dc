// The field names of the API are in snake case.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers
import NIOCore
import NIOFoundationCompat
import Policies
import TestSupport

/// The overhead of the client per call: the policy against a plain async-http-client loop, with the same loopback
/// server, connections and bodies. The two alternate in rounds, so that both have the same conditions.
enum OverheadBench {
  static let calls = 1_600
  static let concurrency = 16
  static let rounds = 30

  static func run() async throws -> [Figure] {
    let answer = """
      {"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant",\
      "content":"Thought: the map shows a door to the north.\\nAction: go north"},"finish_reason":"stop"}],\
      "usage":{"prompt_tokens":900,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":512}}}
      """
    return try await Served.with(seconds: 0, answer) { url in
      try await withHTTPClient(connections: concurrency) { client in
        let policy = ChatCompletionsPolicy(
          url: url, key: "none",
          settings: .init(model: "m", format: .react, rules: CallRules(concurrency: concurrency)), client: client)
        let question = Question(transcript)
        let body = try JSONEncoder().encode(question)
        var (bytes, bare, policyTime) = (0.0, 0.0, 0.0)
        var ratios: [Double] = []
        _ = try await time { _ in _ = try await post(client, url, body) }
        for round in 0..<rounds {
          bytes += try await time { _ in _ = try await post(client, url, body) }
          let bareRound = try await time { _ in
            let data = try await post(client, url, try JSONEncoder().encode(question))
            _ = try JSONDecoder().decode(Reply.self, from: data)
          }
          let policyRound = try await time { key in
            _ = try await policy.respond(
              to: PolicyRequest(
                transcript: transcript, seed: Seed(UInt64(key)),
                key: CallKey(run: "bench", task: "t", particle: key, step: round)))
          }
          bare += bareRound
          policyTime += policyRound
          ratios.append(policyRound / bareRound)
        }
        ratios.sort()
        let each = 1e6 / Double(calls * rounds)
        print(
          """
          \(concurrency) calls at a time, \(body.count) bytes of prompt, µs a call: \(Bench.text(bare * each, 0)) in a bare \
          loop that writes and reads the JSON, \(Bench.text(policyTime * each, 0)) through the policy
          median ratio of \(rounds) rounds \(Bench.text(ratios[rounds / 2])) (half of them \
          \(Bench.text(ratios[rounds / 4])) to \(Bench.text(ratios[rounds * 3 / 4]))), of the sums \
          \(Bench.text(policyTime / bare)); against a loop that only passes bytes (\(Bench.text(bytes * each, 0)) µs) \(Bench.text(policyTime / bytes))
          """)
        return [
          Figure(name: "a call's time over a bare client's", value: ratios[rounds / 2], unit: "×", most: 2)
        ]
      }
    }
  }

  /// A minimal request body, and below the minimal response that a client of such a server reads.
  private struct Question: Encodable {
    struct Message: Encodable { let role, content: String }

    let model = "m"
    let messages: [Message]
    let max_tokens = 1_024
    let temperature = 1.0
    let seed = 1

    init(_ transcript: Transcript) {
      messages = transcript.entries.compactMap { entry -> Message? in
        switch entry {
        case .instructions(let text): Message(role: "system", content: text)
        case .prompt(let text): Message(role: "user", content: text)
        case .continuation: nil
        case .response(let text): Message(role: "assistant", content: text)
        }
      }
    }
  }

  private struct Reply: Decodable {
    struct Choice: Decodable {
      struct Message: Decodable { let content: String }

      let message: Message
    }

    struct Usage: Decodable { let prompt_tokens, completion_tokens: Int }

    let choices: [Choice]
    let usage: Usage
  }

  /// Three turns of a ReAct agent.
  private static let transcript: Transcript = {
    let line = "You are in a hall. There is a door to the north, a window to the east and a table with a map on it. "
    var entries: [Transcript.Entry] = [.instructions(String(repeating: "Reach the garden. ", count: 20))]
    for _ in 0..<3 {
      entries.append(.prompt(String(repeating: line, count: 4)))
      entries.append(.response("Thought: I look at the map first.\nAction: read map"))
    }
    return Transcript(entries: entries + [.prompt(line)])
  }()

  private static func post(_ client: HTTPClient, _ url: String, _ body: Data) async throws -> Data {
    var request = HTTPClientRequest(url: url + "/chat/completions")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "Authorization", value: "Bearer none")
    request.body = .bytes(ByteBuffer(bytes: body))
    let response = try await client.execute(request, timeout: .seconds(60))
    return Data(buffer: try await response.body.collect(upTo: 1 << 20))
  }

  /// The seconds for all calls, with `concurrency` calls at a time.
  private static func time(_ call: @escaping @Sendable (Int) async throws -> Void) async throws -> Double {
    try await Bench.seconds {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<concurrency {
          group.addTask { for number in 0..<(calls / concurrency) { try await call(worker * calls + number) } }
        }
        try await group.waitForAll()
      }
    }
  }
}

/// A server in a separate process, so that its time and memory are not measured.
enum Served {
  /// Runs in the other process. Answers every request with the same text after a delay, until its standard input ends.
  static func serve(_ arguments: [String]) async throws {
    let seconds = Double(arguments.first ?? "") ?? 0
    let answer = arguments.dropFirst().first ?? ""
    raiseFileLimit()
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      seconds > 0 ? .after(seconds, .answer(200, answer)) : .answer(200, answer)
    }
    try await TestServer.with(keepsRequests: false, reply) { server in
      // Bypasses the library's buffer, which would delay the line.
      try FileHandle.standardOutput.write(contentsOf: Data((server.url + "\n").utf8))
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          _ = FileHandle.standardInput.readDataToEndOfFile()
          continuation.resume()
        }
      }
    }
  }

  static func with<T>(seconds: Double, _ answer: String, _ body: (String) async throws -> T) async throws -> T {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = ["serve", "\(seconds)", answer]
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    defer {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    return try await body(line.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  static func raiseFileLimit() {
    var limit = rlimit()
    #if os(Linux)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    _ = setrlimit(resource, &limit)
  }
}
