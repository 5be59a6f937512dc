import AsyncHTTPClient

extension HTTPClient {
  /// The client of those who are given none, open as long as the program; at most eight connections to a host.
  public static let standard = HTTPClient(connections: 8)

  /// - Parameter connections: how many calls to one host may be in flight.
  package convenience init(connections: Int) {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(connections, 1)
    // Retries are the caller's: the pool would try a dead server in silence until the deadline.
    configuration.connectionPool.retryConnectionEstablishment = false
    // A redirect would carry the API key elsewhere.
    configuration.redirectConfiguration = .disallow
    self.init(eventLoopGroupProvider: .singleton, configuration: configuration)
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
    try await client.shutdown()
    return value
  } catch {
    try? await client.shutdown()
    throw error
  }
}
