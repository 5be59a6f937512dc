import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

extension HTTPClient {
  /// The client of those who are given none and have no proxy, open as long as the program; at most eight connections to a host.
  public static let standard = HTTPClient(connections: 8)

  private static let proxied = Mutex<[Configuration.Proxy: HTTPClient]>([:])

  /// ``standard``, or its like for the proxy that the environment names for this URL.
  package static func standard(for url: String) -> HTTPClient {
    guard let proxy = try? NetworkSettings.current.proxy(for: url) else { return standard }
    return proxied.withLock { clients in
      if let client = clients[proxy] { return client }
      let client = HTTPClient(connections: 8, for: url)
      clients[proxy] = client
      return client
    }
  }

  /// - Parameters:
  ///   - connections: how many calls to one host may be in flight; fewer where the process may not open as many files.
  ///   - url: where it sends to, which decides on the proxy; nil for no proxy.
  ///   - network: a setting that cannot be used counts as absent here; ``NetworkSettings/problem(for:)`` tells.
  package convenience init(connections: Int, for url: String? = nil, network: NetworkSettings = .current) {
    var configuration = HTTPClient.Configuration()
    configuration.proxy = url.flatMap { try? network.proxy(for: $0) }
    if let certificates = (try? network.certificates()).flatMap(\.self) {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(certificates)
      configuration.tlsConfiguration = tls
    }
    // What a body may grow to is for who reads it to say; this only keeps one from filling the memory before it is read.
    configuration.decompression = .enabled(limit: .size(256 << 20))
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
/// - Parameters:
///   - connections: how many calls to one host may be in flight.
///   - url: where it sends to, which decides on the proxy that the environment names; nil for no proxy.
package func withHTTPClient<T: Sendable>(
  connections: Int, for url: String? = nil, _ body: (HTTPClient) async throws -> T
) async throws -> T {
  let client = HTTPClient(connections: connections, for: url)
  do {
    let value = try await body(client)
    await client.shutdownInOrder()
    return value
  } catch {
    await client.shutdownInOrder()
    throw error
  }
}
