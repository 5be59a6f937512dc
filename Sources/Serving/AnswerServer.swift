import Agents
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Workbench

/// A server on loopback that speaks OpenAI's API: a request is a task, and its answer the chosen one of a population.
package final class AnswerServer: Sendable {
  /// How often a stream says something.
  struct Rhythm: Sendable {
    /// The least time between two reports of progress.
    var pace = Duration.seconds(1)
    /// How often a stream says that it is alive.
    var interval = Duration.seconds(15)
    /// How long a stream waits for the first answer of the policy before its status is fixed.
    var patience = Duration.seconds(10)
  }

  /// The most bytes of one request.
  static let largestBody = 1 << 20

  /// The TCP port on loopback.
  package let port: Int
  private let running: Task<Void, any Error>
  private let exchanges: Exchanges

  private init(port: Int, running: Task<Void, any Error>, exchanges: Exchanges) {
    (self.port, self.running, self.exchanges) = (port, running, exchanges)
  }

  /// Starts the server.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - key: what clients give as their API key.
  ///   - note: called with one line for each request that has ended.
  /// - Throws: ``ConfigurationError`` if the port cannot be opened.
  package static func start(
    _ service: TaskService, port: Int, key: String, note: @escaping @Sendable (String) -> Void
  ) async throws -> AnswerServer {
    try await start(service, port: port, key: key, rhythm: Rhythm(), note: note)
  }

  static func start(
    _ service: TaskService, port: Int, key: String, rhythm: Rhythm, note: @escaping @Sendable (String) -> Void
  ) async throws -> AnswerServer {
    let (ports, found) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "coxswain.serve")
    // What it logs when it is stopped is no error.
    logger.logLevel = .critical
    let exchanges = Exchanges()
    let app = Application(
      responder: AnswerResponder(service: service, key: key, rhythm: rhythm, exchanges: exchanges, note: note),
      configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
      onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let running = Task {
      defer { found.finish() }
      try await app.run()
    }
    for await port in ports where port > 0 {
      return AnswerServer(port: port, running: running, exchanges: exchanges)
    }
    let result = await running.result
    let reason = if case .failure(let error) = result { "\(error)" } else { "it ended at once" }
    throw ConfigurationError(
      "The port \(port) of 127.0.0.1 could not be opened (\(reason)). Choose another with --port, or 0 for a free one.")
  }

  /// Closes all connections, after the responses that are being written have two seconds to end.
  package func stop() async {
    let limit = ContinuousClock.now + .seconds(2)
    while exchanges.count > 0, .now < limit { try? await Task.sleep(for: .milliseconds(10)) }
    running.cancel()
    _ = await running.result
  }
}

/// The requests whose response has not been written to its end.
final class Exchanges: Sendable {
  private let open = Mutex(0)

  var count: Int { open.withLock(\.self) }
  func begin() { open.withLock { $0 += 1 } }
  func end() { open.withLock { $0 -= 1 } }
}
