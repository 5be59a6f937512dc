import Agents
import Foundation
import HTTP
import NIOHTTP1
import TestSupport
import Testing

@testable import AgentGym
@testable import Steering

/// The corridor of `toy_server.py`: a real server on loopback that needs only Python's standard library.
struct ToyServer: Sendable {
  struct Report: Decodable {
    let created, resets, steps, closed, afterEnd, most, open: Int
  }

  let server: ChildServer
  var port: Int { server.port }
  var url: String { server.url }

  /// Runs `body` with a server and ends the server afterwards.
  static func with<T: Sendable>(
    _ arguments: String..., port: Int = 0, _ body: @Sendable (ToyServer) async throws -> T
  ) async throws -> T {
    try await ChildServer.with(["AgentGymTests/toy_server.py"] + arguments + ["--port", "\(port)"]) { server in
      try await body(ToyServer(server: server))
    }
  }

  /// The server's own counts.
  func report() async throws -> Report {
    let exchange = HTTPExchange(client: .standard, longestBody: 1 << 16)
    let answer = try await exchange.send(.GET, "\(url)/_report", headers: [:], within: 300)
    return try JSONDecoder().decode(Report.self, from: answer.body)
  }

  /// Ends the server without closing its connections. When this returns, the port is closed.
  func die() async {
    _ = try? await HTTPExchange(client: .standard, longestBody: 1 << 16).send(
      .GET, "\(url)/_die", headers: [:], within: 300)
  }
}

extension Dialect: CustomTestStringConvertible {
  public var testDescription: String { name }
}

extension AgentGym {
  /// Runs `body` with the world of these servers, then closes the world.
  static func with<T>(
    _ dialect: Dialect, _ urls: [String], timeout: Double = 300, concurrency: Int = 8, environments: Int? = nil,
    splits: [Split: [Int]] = [.train: [0, 1, 2], .test: [3, 4]], limits: ((inout GymPool.Limits) -> Void)? = nil,
    _ body: (AgentGym) async throws -> T
  ) async throws -> T {
    var own = GymPool.Limits(timeout: timeout)
    limits?(&own)
    let world = try AgentGym(
      Settings(
        dialect: dialect, urls: urls, timeout: timeout, concurrencyPerServer: concurrency,
        environmentsPerServer: environments),
      splits: TaskSplits(splits), prompting: Prompting("Walk."), client: nil, limits: own)
    do {
      let value = try await body(world)
      await world.close()
      return value
    } catch {
      await world.close()
      throw error
    }
  }

  func begin(_ name: String) async throws -> (episode: any Episode, observation: Observation) {
    try await begin(try task(TaskID(name)))
  }
}
