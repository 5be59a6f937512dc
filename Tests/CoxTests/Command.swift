import Foundation

/// The `cox` that was built with these tests, started as a user starts it.
struct Command {
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:] }
  }

  /// A new folder. The store is created in it.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("cox-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func clean() { try? FileManager.default.removeItem(at: folder) }

  static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// A program that was built with these tests.
  static func program(_ name: String) -> URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent(name)
  }

  func write(_ text: String, to name: String) throws -> String {
    let url = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: url)
    return url.path
  }

  func start(
    _ arguments: [String], environment: [String: String] = [:], program: String = "cox", at path: String? = nil
  ) throws -> (process: Process, output: Pipe, errors: Pipe) {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = path.map { URL(fileURLWithPath: $0) } ?? Self.program(program)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment
      .merging(["COXSWAIN_VENV": Self.root.appendingPathComponent(".venv").path]) { mine, _ in mine }
      .merging(environment) { _, new in new }
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return (process, output, errors)
  }

  func run(arguments: [String]) async throws -> Result {
    let (process, output, errors) = try start(arguments)
    return await Self.finish(process, output, errors)
  }

  func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Result {
    let (process, output, errors) = try start(arguments, environment: environment)
    return await Self.finish(process, output, errors)
  }

  /// Reads to the end on separate threads: the pool of Swift concurrency is small, and other tests need it.
  static func finish(_ process: Process, _ output: Pipe, _ errors: Pipe) async -> Result {
    // Both pipes are read concurrently, since a full pipe would stop the process.
    async let printed = read(output)
    async let said = read(errors)
    let texts = await (printed, said)
    // `waitUntilExit` spins in a run loop that has no source, and takes a core from the other tests.
    while process.isRunning { try? await Task.sleep(for: .milliseconds(5)) }
    return Result(status: process.terminationStatus, output: texts.0, errors: texts.1)
  }

  private static func read(_ pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
      }
    }
  }
}
