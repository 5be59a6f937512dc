import Hummingbird
import Logging
import NIOCore

/// Why the page could not be served.
package struct ViewerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was tried, and what to do next.
  package let message: String
  package var description: String { message }
}

/// A server on loopback with a page about one store, into which it writes nothing. It merges a log that a run has left.
package final class ViewerServer: Sendable {
  /// The TCP port on loopback.
  package let port: Int
  private let token: String
  private let running: Task<Void, any Error>
  private let watching: Task<Void, Never>
  private let store: ViewedStore

  private init(
    port: Int, token: String, running: Task<Void, any Error>, watching: Task<Void, Never>, store: ViewedStore
  ) {
    (self.port, self.token, self.running, self.watching, self.store) = (port, token, running, watching, store)
  }

  /// The address to open. Its token admits a browser.
  package var address: String { "http://127.0.0.1:\(port)/?token=\(token)" }

  /// Starts the server.
  ///
  /// - Parameters:
  ///   - store: the path of a store. It need not exist yet.
  ///   - port: 0 for a free one.
  package static func start(store path: String, port: Int = 0) async throws(ViewerError) -> ViewerServer {
    let (ports, found) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "coxswain.view")
    // What it logs when it is stopped is no error.
    logger.logLevel = .critical
    let token = Gatekeeper.freshToken()
    let store = ViewedStore(path)
    await store.look()
    let open = ViewerResponder.Port()
    let app = Application(
      responder: ViewerResponder(store: store, token: token, port: open),
      configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        open.number.withLock { $0 = port }
        found.yield(port)
      }, logger: logger)
    let running = Task {
      defer { found.finish() }
      try await app.run()
    }
    for await port in ports where port > 0 {
      let watching = Task { await store.watch() }
      return ViewerServer(port: port, token: token, running: running, watching: watching, store: store)
    }
    let result = await running.result
    let reason = if case .failure(let error) = result { "\(error)" } else { "it ended at once" }
    throw ViewerError(
      message: "Could not open port \(port) on 127.0.0.1: \(reason). Give another port with --port, or none.")
  }

  /// Closes all connections.
  package func stop() async {
    watching.cancel()
    await watching.value
    running.cancel()
    _ = await running.result
    await store.end()
  }
}
