import AsyncHTTPClient
import NIOCore

extension HTTPClient {
  /// The client of those who are given none, open as long as the program; at most eight connections to a host.
  public static let standard = HTTPClient(connections: 8)

  /// - Parameter connections: how many calls to one host may be in flight; fewer where the process may not open as many files.
  package convenience init(connections: Int) {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = OpenFiles.connections(connections)
    // Retries are the caller's: the pool would try a dead server in silence until the deadline.
    configuration.connectionPool.retryConnectionEstablishment = false
    // A redirect would carry the API key elsewhere.
    configuration.redirectConfiguration = .disallow
    self.init(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Ends what is in flight, waits until every connection is given back or closed, and shuts the client down.
  package func shutdownInOrder() async {
    await Flights.shared.close(self)
    // An exchange ends a moment before its connection is closed.
    await settle()
    try? await shutdown()
    // What was idle is closed by now, not only told to: the process may end at once.
    await settle()
    Flights.shared.forget(self)
  }

  /// Returns when every event loop has done what was queued on it, and what that queued.
  private func settle() async {
    for _ in 0..<2 {
      for loop in eventLoopGroup.makeIterator() { try? await loop.submit {}.get() }
    }
  }
}

/// Runs `body` with a client of its own connections and shuts it down after.
///
/// - Parameter connections: how many calls to one host may be in flight.
public func withHTTPClient<T: Sendable>(
  connections: Int, _ body: (HTTPClient) async throws -> T
) async throws -> T {
  let client = HTTPClient(connections: connections)
  do {
    let value = try await body(client)
    await client.shutdownInOrder()
    return value
  } catch {
    await client.shutdownInOrder()
    throw error
  }
}
