import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Policies

@Suite("The way to a server: proxies and certificates", .enabled(if: Ways.isThere, "no Python beside the tests"))
struct WayTests {
  /// Makes a request with a client that is configured from this environment.
  static func ask(_ url: String, _ environment: [String: String]) async -> Result<PolicyResponse, PolicyError> {
    let client = HTTPClient(connections: 2, for: url, network: NetworkSettings(environment))
    var settings = ClientTests.settings(attempts: 1, timeout: 30)
    settings.rules.allowsPlainHTTP = true
    let policy = ChatCompletionsPolicy(url: url, settings: settings, client: client)
    let result: Result<PolicyResponse, PolicyError>
    do throws(PolicyError) { result = .success(try await policy.respond(to: ClientTests.request())) } catch {
      result = .failure(error)
    }
    try? await client.shutdown()
    return result
  }

  @Test("Through the proxy that the environment names, and past it where NO_PROXY lists the host")
  func proxy() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .answer(200, ClientTests.chat("red")) }
    try await TestServer.with(reply) { server in
      // No resolver knows this name, so only the proxy can reach it.
      let url = server.url.replacing("127.0.0.1", with: "model.test")
      try await ChildServer.with(["PoliciesTests/ways.py", "proxy"]) { proxy in
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
          let text = try await Self.ask(url, [name: proxy.url]).get().text
          #expect(text == "red")
        }
        let past = await Self.ask(url, ["HTTP_PROXY": proxy.url, "NO_PROXY": "other.test,.test"])
        #expect(throws: PolicyError.self) { try past.get() }
        // Loopback bypasses the proxy, which would refuse the connection here.
        let near = try await Self.ask(server.url, ["HTTP_PROXY": "http://127.0.0.1:9"]).get().text
        #expect(near == "red")
      }
      try await ChildServer.with(["PoliciesTests/ways.py", "proxy", "me:pass word"]) { proxy in
        let address = proxy.url.replacing("http://", with: "http://me:pass%20word@")
        let text = try await Self.ask(url, ["HTTP_PROXY": address]).get().text
        #expect(text == "red")
        let refused = await Self.ask(url, ["HTTP_PROXY": proxy.url])
        let error = #expect(throws: PolicyError.self) { try refused.get() }
        #expect(error?.message.contains("proxy") == true, "\(error?.message ?? "")")
      }
    }
  }

  @Test("A certificate of one's own is trusted by SSL_CERT_FILE alone, through a proxy, too")
  func certificates() async throws {
    let folder = try Places.folder()
    let (certificate, key) = (folder.appendingPathComponent("c.pem").path, folder.appendingPathComponent("k.pem").path)
    try #require(
      Places.run(
        "/usr/bin/env",
        [
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=model.test",
          "-addext", "subjectAltName=DNS:model.test,IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ]) == 0)
    try await ChildServer.with(["PoliciesTests/ways.py", "tls", certificate, key]) { server in
      let url = "https://127.0.0.1:\(server.port)/v1"
      let strange = await Self.ask(url, [:])
      let error = #expect(throws: PolicyError.self) { try strange.get() }
      #expect(error?.kind == .badRequest && error?.message.contains("SSL_CERT_FILE") == true, "\(error?.message ?? "")")
      let trusted = try await Self.ask(url, ["SSL_CERT_FILE": certificate]).get().text
      #expect(trusted == "red")
      try await ChildServer.with(["PoliciesTests/ways.py", "proxy"]) { proxy in
        let tunnelled = try await Self.ask(
          url.replacing("127.0.0.1", with: "model.test"), ["SSL_CERT_FILE": certificate, "HTTPS_PROXY": proxy.url]
        ).get().text
        #expect(tunnelled == "red")
      }
    }
  }
}

enum Ways {
  static let isThere = FileManager.default.isExecutableFile(atPath: ChildServer.python)
}

@Suite("What the environment says about the way to servers")
struct NetworkSettingsTests {
  @Test(
    "Which proxy, if any",
    arguments: [
      ("https://api.example.com/v1", ["HTTPS_PROXY": "http://p:3128"], "p:3128"),
      ("https://api.example.com/v1", ["https_proxy": "p:3128", "HTTPS_PROXY": "http://q:1"], "p:3128"),
      ("https://api.example.com/v1", ["HTTP_PROXY": "http://p:3128"], nil),
      ("http://api.example.com/v1", ["HTTP_PROXY": "http://p"], "p:80"),
      ("https://api.example.com/v1", ["ALL_PROXY": "socks5h://p"], "p:1080"),
      ("https://api.example.com/v1", ["HTTPS_PROXY": " "], nil),
      ("https://api.example.com/v1", ["HTTPS_PROXY": "http://[::1]:3128"], "::1:3128"),
      ("https://127.0.0.1/v1", ["HTTPS_PROXY": "http://p:1"], nil),
      ("http://localhost:8080/v1", ["HTTP_PROXY": "http://p:1"], nil),
      ("http://[::1]:1/v1", ["HTTP_PROXY": "http://p:1"], nil),
      ("nonsense", ["HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"], nil),
    ] as [(String, [String: String], String?)])
  func proxies(url: String, environment: [String: String], expected: String?) throws {
    let proxy = try NetworkSettings(environment).proxy(for: url)
    #expect(proxy.map { "\($0.host):\($0.port)" } == expected)
  }

  @Test(
    "NO_PROXY",
    arguments: [
      ("*", true), ("api.example.com", true), ("example.com", true), (".example.com", true), ("*.example.com", true),
      ("API.Example.COM", true), ("ample.com", false), ("other.com, example.com", true),
      ("other.com example.com", true),
      ("example.com:8443", true), ("example.com:443", false), ("", false), (",,", false), ("com.", false),
    ])
  func exemptions(list: String, isExempt: Bool) throws {
    let settings = NetworkSettings(["HTTPS_PROXY": "http://p:1", "no_proxy": list])
    #expect((try settings.proxy(for: "https://api.example.com:8443/v1") == nil) == isExempt)
  }

  @Test(
    "NO_PROXY with addresses",
    arguments: [
      ("10.1.2.3", true), ("10.0.0.0/8", true), ("10.1.2.0/24", true), ("10.1.3.0/24", false), ("0.0.0.0/0", true),
      ("10.1.2.3/32", true), ("10.0.0.0/33", false), ("10.1.2.3:8080", true), ("10.1.2.3:1", false),
    ])
  func addresses(list: String, isExempt: Bool) throws {
    let settings = NetworkSettings(["HTTP_PROXY": "http://p:1", "NO_PROXY": list])
    #expect((try settings.proxy(for: "http://10.1.2.3:8080/v1") == nil) == isExempt)
  }

  @Test(
    "What cannot be used is said, without its password",
    arguments: [
      (["HTTPS_PROXY": "https://u:planted-secret@p:1"], "HTTPS_PROXY"), (["https_proxy": "http://"], "https_proxy"),
      (["ALL_PROXY": "ftp://u:planted-secret@p"], "ALL_PROXY"),
      (["ALL_PROXY": "socks5://u:planted-secret@p"], "ALL_PROXY"),
      (["SSL_CERT_FILE": "/nowhere.pem"], "SSL_CERT_FILE"), (["SSL_CERT_FILE": "/tmp"], "SSL_CERT_FILE"),
      (["SSL_CERT_DIR": "/etc/hostname"], "SSL_CERT_DIR"),
    ] as [([String: String], String)])
  func problems(environment: [String: String], named: String) {
    let problem = NetworkSettings(environment).problem(for: "https://api.example.com/v1")
    #expect(problem?.contains(named) == true && problem?.contains("planted-secret") == false, "\(problem ?? "")")
    // The client is still created, but nothing is sent through it.
    #expect(NetworkSettings([:]).problem(for: "https://api.example.com/v1") == nil)
  }
}
