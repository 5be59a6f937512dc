import Agents
import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A headless Chromium, controlled through a pipe. It needs no port, and it ends with the pipe even if the test process
/// is killed.
enum Browser {
  /// `COXSWAIN_BROWSER`, or the first browser of Debian or Google on the path.
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["COXSWAIN_BROWSER"] { return named }
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    return ["chromium", "chromium-browser", "google-chrome"].lazy
      .flatMap { name in folders.map { "\($0)/\(name)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  struct IsMissing: Error {}

  /// Runs `body` with a browser and a folder for its files, then removes both.
  static func with<T: Sendable>(_ body: @Sendable (DevTools, URL) async throws -> T) async throws -> T {
    guard let path else { throw IsMissing() }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-browser-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var options = PlatformOptions()
    options.createSession = true
    // The browser reads commands from file descriptor 3 and answers on 4.
    let arguments = [
      "-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null", path, "--headless=new", "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
      "--user-data-dir=\(folder.path)/profile", "--remote-debugging-pipe", "about:blank",
    ]
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(arguments), platformOptions: options, input: .inputWriter,
      output: .sequence, error: .discarded
    ) { execution in
      let (orders, order) = AsyncStream<[UInt8]>.makeStream()
      let tools = DevTools { order.yield($0) }
      let answer: Result<T, any Error>
      do {
        answer = .success(
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await bytes in orders { _ = try await execution.standardInputWriter.write(bytes) } }
            group.addTask {
              for try await buffer in execution.standardOutput {
                await tools.receive(buffer.withUnsafeBytes { Array($0) })
              }
              await tools.end()
            }
            defer { group.cancelAll() }
            return try await body(tools, folder)
          })
      } catch {
        answer = .failure(error)
      }
      order.finish()
      try? execution.send(signal: .kill, toProcessGroup: true)
      return answer
    }
    return try result.closureResult.get()
  }
}
