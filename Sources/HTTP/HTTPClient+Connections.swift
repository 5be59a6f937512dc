import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

extension HTTPClient {
  /// The default client, used when no client is given and no proxy is set. It stays open until the program ends, with
  /// at most eight connections to a host.
  public static let standard = HTTPClient(connections: 8)

  private static let proxied = Mutex<[Configuration.Proxy: HTTPClient]>([:])

  /// ``standard``, or a client with the same limits for the proxy that the environment sets for this URL.
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
  ///   - connections: concurrent calls to one host at most; fewer if the process may not open enough files.
  ///   - url: the destination, which decides the proxy; nil for no proxy.
  ///   - network: settings that cannot be used are ignored here; ``NetworkSettings/problem(for:)`` reports them.
  package convenience init(connections: Int, for url: String? = nil, network: NetworkSettings = .current) {
    var configuration = HTTPClient.Configuration()
    configuration.proxy = url.flatMap { try? network.proxy(for: $0) }
    if let certificates = (try? network.certificates()).flatMap(\.self) {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(certificates)
      configuration.tlsConfiguration = tls
    }
    // The readers of a body limit its length. This limit only keeps a decompressed body from filling the memory first.
    configuration.decompression = .enabled(limit: .size(256 << 20))
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = OpenFiles.connections(connections)
    // The caller retries. The pool would silently retry a dead server until the deadline.
    configuration.connectionPool.retryConnectionEstablishment = false
    // A redirect would send the API key to another host.
    configuration.redirectConfiguration = .disallow
    self.init(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Cancels all exchanges, waits until every connection is returned or closed, and shuts the client down.
  package func shutdownInOrder() async {
    await Flights.shared.close(self)
    // An exchange ends shortly before its connection is closed.
    await settle()
    try? await shutdown()
    // Waits until idle connections are actually closed, since the process may exit at once.
    await settle()
    Flights.shared.forget(self)
  }

  /// Returns when every event loop has run the tasks in its queue, and the tasks that those queued.
  private func settle() async {
    for _ in 0..<2 {
      for loop in eventLoopGroup.makeIterator() { try? await loop.submit {}.get() }
    }
  }
}

/// Runs `body` with a client that has its own connections, and shuts the client down afterwards.
///
/// - Parameters:
///   - connections: the largest number of concurrent calls to one host.
///   - url: the destination, which decides the proxy from the environment; nil for no proxy.
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
