import Agents
import Foundation
import HTTP
import NIOHTTP1
import Subprocess
import Testing

@testable import AgentGym

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// The corridor of `toy_server.py`: a real server on loopback, Python's standard library alone.
struct ToyServer: Sendable {
  struct Report: Decodable {
    let created, resets, steps, closed, afterEnd, most, open: Int
  }

  let port: Int
  var url: String { "http://127.0.0.1:\(port)" }

  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "toy_server.py")

  /// `COXSWAIN_VENV` or the package's own virtual environment where it has Python, else `python3` on PATH.
  static var python: Executable {
    let root = script.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = ProcessInfo.processInfo.environment["COXSWAIN_VENV"] ?? root.appendingPathComponent(".venv").path
    let path = "\(folder)/bin/python"
    return FileManager.default.isExecutableFile(atPath: path) ? .path(FilePath(path)) : .name("python3")
  }

  /// Runs `body` with a server, which ends with it: it listens to the end of its input.
  static func with<T: Sendable>(
    _ arguments: String..., port: Int = 0, _ body: @Sendable (ToyServer) async throws -> T
  ) async throws -> T {
    let result = try await Subprocess.run(
      python, arguments: Arguments([script.path] + arguments + ["--port", "\(port)"]), input: .inputWriter,
      output: .sequence, error: .discarded
    ) { execution in
      var text = ""
      for try await buffer in execution.standardOutput {
        text += buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        if text.hasSuffix("\n") { break }
      }
      guard let port = text.split(whereSeparator: \.isWhitespace).last.flatMap({ Int($0) }) else {
        throw EnvironmentError(.unavailable, "The toy server did not start: \(text)")
      }
      let outcome: Result<T, any Error>
      do { outcome = .success(try await body(ToyServer(port: port))) } catch { outcome = .failure(error) }
      try? await execution.standardInputWriter.finish()
      return outcome
    }
    return try result.closureResult.get()
  }

  /// What it counted.
  func report() async throws -> Report {
    let exchange = HTTPExchange(client: .standard, longestBody: 1 << 16)
    let answer = try await exchange.send(.GET, "\(url)/_report", headers: [:], within: 300)
    return try JSONDecoder().decode(Report.self, from: answer.body)
  }

  /// Ends it without a word; nobody listens any more once this returns.
  func die() async {
    _ = try? await HTTPExchange(client: .standard, longestBody: 1 << 16).send(
      .GET, "\(url)/_die", headers: [:], within: 300)
  }
}

extension Dialect: CustomTestStringConvertible {
  public var testDescription: String { name }
}

extension AgentGym {
  /// The suite of some servers, closed after `body`.
  static func with<T>(
    _ dialect: Dialect, _ urls: [String], timeout: Double = 300, concurrency: Int = 8, environments: Int? = nil,
    splits: [Split: [Int]] = [.train: [0, 1, 2], .test: [3, 4]], limits: ((inout GymPool.Limits) -> Void)? = nil,
    _ body: (AgentGym) async throws -> T
  ) async throws -> T {
    var own = GymPool.Limits(timeout: timeout)
    limits?(&own)
    let suite = try AgentGym(
      Settings(
        dialect: dialect, urls: urls, timeout: timeout, concurrencyPerServer: concurrency,
        environmentsPerServer: environments),
      splits: TaskSplits(splits), prompting: Prompting("Walk."), client: nil, limits: own)
    do {
      let value = try await body(suite)
      await suite.close()
      return value
    } catch {
      await suite.close()
      throw error
    }
  }

  func begin(_ name: String) async throws -> (episode: any Episode, observation: Observation) {
    try await begin(try task(TaskID(name)))
  }
}
