import Agents
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Viewer

/// A server on a store, asked as a browser asks.
struct Browsing: Sendable {
  let server: ViewerServer
  let token: String

  /// Runs `body` with a server on the store at this path.
  static func with<T>(_ store: String, _ body: (Browsing) async throws -> T) async throws -> T {
    let server = try await ViewerServer.start(store: store)
    let token = String(server.address.split(separator: "=")[1])
    let result: Result<T, any Error>
    do { result = .success(try await body(Browsing(server: server, token: token))) } catch { result = .failure(error) }
    await server.stop()
    return try result.get()
  }

  /// A folder that is removed again.
  static func inFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-view-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }

  struct Answer {
    let status: UInt
    let headers: HTTPHeaders
    let text: String
    var json: JSONValue { JSONValue(parsing: text) ?? .null }
  }

  var cookie: String { "coxswain-view-\(server.port)=\(token)" }

  func get(
    _ path: String, method: HTTPMethod = .GET, host: String? = nil, cookie: String?, headers: [(String, String)] = []
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)\(path)")
    request.method = method
    if let host { request.headers.replaceOrAdd(name: "Host", value: host) }
    if let cookie { request.headers.add(name: "Cookie", value: cookie) }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    let response = try await HTTPClient.following.execute(request, timeout: .seconds(60))
    let body = try await response.body.collect(upTo: 32 << 20)
    return Answer(status: response.status.code, headers: response.headers, text: String(buffer: body))
  }

  func api(_ name: String, _ query: KeyValuePairs<String, String> = [:]) async throws -> JSONValue {
    let words = query.map {
      "\($0.key)=\($0.value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
    }
    let answer = try await get("/api/\(name)?\(words.joined(separator: "&"))", cookie: cookie)
    #expect(answer.status == 200, "\(name): \(answer.text)")
    return answer.json
  }

  /// Asks until an answer fits. The test's time limit bounds the wait.
  func wait(_ name: String, _ query: KeyValuePairs<String, String> = [:], until fits: (JSONValue) -> Bool) async throws
    -> JSONValue
  {
    while true {
      let answer = try await get(
        "/api/\(name)?\(query.map { "\($0.key)=\($0.value)" }.joined(separator: "&"))", cookie: cookie)
      if answer.status == 200, fits(answer.json) { return answer.json }
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}

extension HTTPClient {
  /// Shows redirections as they are.
  fileprivate static let following: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()
}
