import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A server in Python that runs as a separate process. It prints its port on the first line and ends when its standard
/// input ends.
public struct ChildServer: Sendable {
  public let port: Int
  private let end: @Sendable () -> Void

  public var url: String { "http://127.0.0.1:\(port)" }

  /// Ends the server at once.
  public func kill() { end() }

  /// The folder of the tests.
  public static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// `COXSWAIN_VENV`, or the virtual environment of this checkout.
  public static let virtualEnvironment =
    ProcessInfo.processInfo.environment["COXSWAIN_VENV"]
    ?? tests.deletingLastPathComponent().appendingPathComponent(".venv").path

  public static var python: String { virtualEnvironment + "/bin/python" }

  /// Whether PyPI's openenv-core is installed. `make test` installs it.
  public static let hasOpenEnv: Bool = {
    let libraries = (try? FileManager.default.contentsOfDirectory(atPath: virtualEnvironment + "/lib")) ?? []
    return libraries.contains { library in
      FileManager.default.fileExists(
        atPath: "\(virtualEnvironment)/lib/\(library)/site-packages/openenv/core/env_server")
    }
  }()

  /// Runs `body` with a server and ends the server afterwards.
  ///
  /// - Parameters:
  ///   - arguments: Python's arguments. The first is an option, an absolute path, or a script relative to the folder of
  ///     the tests.
  ///   - folder: The working directory.
  public static func with<T: Sendable>(
    _ arguments: [String], in folder: String? = nil, _ body: @Sendable (ChildServer) async throws -> T
  ) async throws -> T {
    var arguments = arguments
    if let script = arguments.first, script.hasSuffix(".py"), !script.hasPrefix("/") {
      arguments[0] = tests.appendingPathComponent(script).path
    }
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
            // The output is read to the end, since a full pipe would stop the process.
            group.addTask {
              var line: [UInt8] = []
              for try await buffer in execution.standardOutput {
                buffer.withUnsafeBytes { line.append(contentsOf: $0) }
                guard line.contains(UInt8(ascii: "\n")) else { continue }
                let words = String(decoding: line.prefix { $0 != 10 }, as: UTF8.self).split(separator: " ")
                if let port = words.last.flatMap({ Int($0) }) { found.yield(port) }
                line = []
              }
              found.finish()
            }
            defer { group.cancelAll() }
            for await port in ports {
              return try await body(ChildServer(port: port) { try? execution.send(signal: .kill) })
            }
            throw DidNotStart(arguments: arguments)
          })
      } catch {
        answer = .failure(error)
      }
      try? execution.send(signal: .kill)
      return answer
    }
    return try result.closureResult.get()
  }

  struct DidNotStart: Error { let arguments: [String] }
}
