import Foundation
import TestSupport
import Testing

@testable import ChildProcess

/// The parent is killed. Its children ignore signals.
@Suite("No child outlives its parent")
struct ParentTests {
  static let parent = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("Parent")

  static func start(
    _ script: String, marker: String, environment: [String: String] = [:]
  ) throws -> (process: Process, output: Pipe) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = parent
    process.arguments = ["/bin/sh", "-c", script, marker]
    // Disables Swift's backtraces, so that a crash ends the process at once.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { _, new in new
    }
    .merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.run()
    return (process, output)
  }

  /// Reads on a separate thread, since the thread pool of Swift concurrency is small.
  static func read(_ pipe: Pipe, until isEnough: @escaping @Sendable (String) -> Bool) async -> String {
    let handle = pipe.fileHandleForReading
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var text = Data()
        while !isEnough(String(decoding: text, as: UTF8.self)) {
          let more = handle.availableData
          if more.isEmpty { break }
          text += more
        }
        continuation.resume(returning: String(decoding: text, as: UTF8.self))
      }
    }
  }

  @Test(
    "After SIGKILL, SIGTERM and SIGSEGV neither a child nor a grandchild is left",
    arguments: [SIGKILL, SIGTERM, SIGSEGV])
  func killed(by signal: Int32) async throws {
    let marker = UUID().uuidString
    let (process, output) = try Self.start(ChildProgramTests.stubborn, marker: marker)
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    let text = await Self.read(output) { $0.split(separator: "\n").count > 1 }
    let processes = Set(text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) })
    #expect(processes.count == 2 && processes.allSatisfy(Processes.isAlive), "\(text)")
    kill(process.processIdentifier, signal)
    #expect(try await Processes.survivors(of: processes) == [])
    #expect(Processes.running(marker) == [])
  }

  @Test("Whenever it is killed: before, while and after a child starts")
  func anytime() async throws {
    let marker = UUID().uuidString
    var outputs: [Pipe] = []
    for round in 0..<12 {
      let (process, output) = try Self.start(ChildProgramTests.stubborn, marker: marker)
      outputs.append(output)
      try await Task.sleep(for: .milliseconds(5 * round))
      kill(process.processIdentifier, SIGKILL)
    }
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline, !Processes.running(marker).isEmpty {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(Processes.running(marker) == [] && outputs.count == 12)
  }

  @Test("A child gets no secret of its parent")
  func secrets() async throws {
    let (_, output) = try Self.start(
      "env; echo done", marker: "x",
      environment: ["OPENAI_API_KEY": "sk-planted-1", "MY_TOOL": "planted-2", "LC_TIME": "C"])
    let text = await Self.read(output) { $0.contains("done\n") }
    #expect(text.contains("LC_TIME=C") && text.contains("PATH=") && !text.contains("planted"), "\(text)")
  }

  @Test("A watcher that was ended is replaced with the next child")
  func replaced() async throws {
    let first = try await ChildProgramTests.program("echo").run { _ in ChildGuard.shared.watcher }
    let watcher = try #require(first)
    kill(watcher, SIGKILL)
    _ = try await Processes.survivors(of: [watcher])
    let second = try await ChildProgramTests.program("echo").run { _ in ChildGuard.shared.watcher }
    #expect(second != nil && second != first)
  }
}
