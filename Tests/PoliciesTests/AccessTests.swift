import Agents
import Foundation
import HTTP
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

@Suite("What a server is told beside the question, and how it may answer")
struct AccessTests {
  @Test("Azure: the key in a header of its own, the version in the query", arguments: [WireAPI.chat, .responses])
  func azure(api: WireAPI) async throws {
    try await TestServer.with(api.reply) { server in
      var access = ServerAccess(url: server.url + "/openai/deployments/d/", key: "planted-secret")
      access.keyHeader = "api-key"
      access.query = [("api-version", "2024-10-21"), ("a b", "c&d=é")]
      _ = try await api.policy(access).respond(to: ClientTests.request())
      let sent = try #require(server.requests.first)
      #expect(sent.headers["api-key"] == "planted-secret" && sent.headers["authorization"] == nil)
      let path = api == .chat ? "chat/completions" : "responses"
      #expect(
        sent.path == "/v1/openai/deployments/d/\(path)?api-version=2024-10-21&a%20b=c%26d%3D%C3%A9", "\(sent.path)")
    }
  }

  @Test(
    "Headers are sent, in place of ours where they have the same name; a User-Agent always", arguments: WireAPI.allCases
  )
  func headers(api: WireAPI) async throws {
    try await TestServer.with(api.reply) { server in
      _ = try await api.policy(server.url, key: "k").respond(to: ClientTests.request())
      var access = ServerAccess(url: server.url, key: "k")
      access.headers = [("X-Project", "demo"), ("user-agent", "mine"), ("anthropic-version", "2099-01-01")]
      _ = try await api.policy(access).respond(to: ClientTests.request())
      let (plain, rich) = (server.requests[0].headers, server.requests[1].headers)
      #expect(plain["user-agent"] == "coxswain/\(ProductVersion.number)" && plain["x-project"] == nil)
      #expect(rich["user-agent"] == "mine" && rich["x-project"] == "demo")
      #expect(rich["anthropic-version"] == "2099-01-01")
      #expect(plain["accept-encoding"] == "gzip, deflate" && plain["content-type"] == "application/json")
    }
  }

  @Test("What came from a variable is in no text")
  func secrets() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number == 1
        ? .answer(200, ClientTests.chat("the key is planted-secret, the header planted-header"))
        : .answer(400, #"{"error":{"message":"bad planted-header and planted-secret"}}"#)
    }
    try await TestServer.with(reply) { server in
      let policy = WireAPI.chat.policy(
        ServerAccess(
          url: server.url, key: "planted-secret", headers: [("X-Token", "planted-header")],
          secrets: ["planted-header"]))
      let response = try await policy.respond(to: ClientTests.request())
      #expect(response.text == "the key is [key], the header [key]")
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
      #expect(error?.message.contains("planted") == false, "\(error?.message ?? "")")
    }
  }

  @Test("Any status of success is one", arguments: [200, 201, 202, 203, 299], WireAPI.allCases)
  func success(status: Int, api: WireAPI) async throws {
    let answer = api.answer
    try await TestServer.with { _ in
      .answer(status, answer)
    } _: { server in
      let response = try await api.policy(server.url).respond(to: ClientTests.request())
      #expect(response.text == "red")
    }
  }

  @Test("gzip and deflate are read; what is broken or grows too long is an error")
  func compressed() async throws {
    let answer = ClientTests.chat(String(repeating: "red ", count: 2_000) + "red")
    func python(_ code: String) throws -> [UInt8] {
      let file = try Places.folder().appendingPathComponent("body")
      try #require(
        Places.run(
          "/usr/bin/env",
          ["python3", "-c", "import gzip, sys, zlib; open(sys.argv[1], 'wb').write(\(code))", file.path, answer]) == 0)
      return Array(try Data(contentsOf: file))
    }
    let zipped = try python("gzip.compress(sys.argv[2].encode())")
    #expect(zipped.count < answer.utf8.count / 4)
    for (body, encoding) in [(zipped, "gzip"), (try python("zlib.compress(sys.argv[2].encode())"), "deflate")] {
      try await TestServer.with { _ in
        .bytes(200, body, headers: ["Content-Encoding": encoding])
      } _: { server in
        let response = try await WireAPI.chat.policy(server.url).respond(to: ClientTests.request())
        #expect(response.text.count == 8_003)
      }
    }
    let bomb = try python("gzip.compress(bytes(64 << 20))")
    for body in [bomb, Array(zipped.dropLast(zipped.count / 2)), [0x1f, 0x8b, 9, 9, 9, 9]] {
      try await TestServer.with { _ in
        .bytes(200, body, headers: ["Content-Encoding": "gzip"])
      } _: { server in
        let policy = WireAPI.chat.policy(server.url)
        let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: ClientTests.request()) }
        #expect(error?.isRetryable == true && server.requests.count == 3, "\(error?.message ?? "")")
      }
    }
  }
}
