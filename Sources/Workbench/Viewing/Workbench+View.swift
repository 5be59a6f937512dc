import Foundation
import Synchronization
import Viewer

extension Workbench {
  /// Serves the page about a store on loopback, until the user asks for an end. It reads the store and never writes to
  /// it; the store need not exist yet.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - isOpening: whether a browser is started.
  ///   - started: called once with the address, whose token admits whoever opens it.
  package static func view(
    store: String, port: Int, isOpening: Bool, observer: any WorkObserver, started: (String, Int) throws -> Void
  ) async throws {
    let server: ViewerServer
    do throws(ViewerError) {
      server = try await ViewerServer.start(store: store, port: port)
    } catch { throw ConfigurationError(error.message) }
    let (ends, end) = AsyncStream<Void>.makeStream()
    do {
      try await observer.stoppable(
        "Stopping: the page is closed.", stop: { end.finish() },
        {
          try started(server.address, server.port)
          if isOpening, !Browser.open(server.address) {
            observer.warn("No browser could be started. Open the address above.")
          }
          for await _ in ends {}
        })
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }
}

/// The user's browser.
private enum Browser {
  /// Opens an address.
  ///
  /// - Returns: whether a program was started for it.
  static func open(_ address: String) -> Bool {
    #if os(macOS)
      let names = ["/usr/bin/open"]
    #else
      let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      let names = ["xdg-open", "sensible-browser"].flatMap { name in folders.map { "\($0)/\(name)" } }
    #endif
    guard let program = names.first(where: FileManager.default.isExecutableFile) else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [address]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return (try? process.run()) != nil
  }
}
