import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A real server of PyPI's openenv-core, with one of the worlds of `Servers/worlds.py`.
struct WorldServer: Sendable {
  let port: Int
  private let execution: @Sendable () -> Void

  var url: String { "http://127.0.0.1:\(port)" }

  /// Ends it on the spot.
  func kill() { execution() }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let venv =
    ProcessInfo.processInfo.environment["COXSWAIN_VENV"]
    ?? folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".venv").path
  private static let python = venv + "/bin/python"

  /// Whether there is an openenv-core to serve it; says so where there is none.
  static let isThere: Bool = {
    let libraries = (try? FileManager.default.contentsOfDirectory(atPath: venv + "/lib")) ?? []
    let isThere = libraries.contains { library in
      FileManager.default.fileExists(atPath: "\(venv)/lib/\(library)/site-packages/openenv/core/env_server")
    }
    if !isThere { print("No openenv-core in \(venv): what is tested against it is left out. See COXSWAIN_VENV.") }
    return isThere
  }()

  static func with<T: Sendable>(
    _ world: String = "lift", capacity: Int = 1, port: Int = 0, _ body: @Sendable (WorldServer) async throws -> T
  ) async throws -> T {
    let script = folder.appendingPathComponent("Servers/worlds.py").path
    return try await with(
      arguments: [script, world, "--capacity", "\(capacity)", "--port", "\(port)"], in: nil, body)
  }

  /// - Parameter arguments: of Python; what it runs prints its port and ends with its standard input.
  static func with<T: Sendable>(
    arguments: [String], in folder: String?, _ body: @Sendable (WorldServer) async throws -> T
  ) async throws -> T {
    var options = PlatformOptions()
    options.createSession = true
    let result = try await Subprocess.run(
      .path(FilePath(python)), arguments: Arguments(arguments), workingDirectory: folder.map { FilePath($0) },
      platformOptions: options, input: .inputWriter, output: .sequence, error: .discarded
    ) { execution in
      let answer: Result<T, any Error>
      do {
        answer = .success(
          try await withThrowingTaskGroup(of: Void.self) { group in
            let (ports, found) = AsyncStream<Int>.makeStream()
            group.addTask {
              var line: [UInt8] = []
              for try await buffer in execution.standardOutput {
                buffer.withUnsafeBytes { line.append(contentsOf: $0) }
                guard line.contains(UInt8(ascii: "\n")) else { continue }
                if let port = Int(String(decoding: line.prefix { $0 != 10 }, as: UTF8.self)) { found.yield(port) }
                line = []
              }
              found.finish()
            }
            defer { group.cancelAll() }
            for await port in ports {
              return try await body(WorldServer(port: port) { try? execution.send(signal: .kill) })
            }
            throw ServerError()
          })
      } catch {
        answer = .failure(error)
      }
      try? execution.send(signal: .kill)
      return answer
    }
    return try result.closureResult.get()
  }

  struct ServerError: Error {}
}
