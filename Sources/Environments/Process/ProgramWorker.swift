import Agents
import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// One running program: questions go in on its standard input, answers come back on its standard output, in any order.
///
/// A program that hangs, floods, or answers what is no JSON is killed, and everybody who waits for it is told why.
actor ProgramWorker {
  struct Settings: Sendable, Hashable {
    /// The program and its arguments; never a shell's.
    var command: [String]
    /// Where it runs; nil for here.
    var folder: String?
    /// The longest one answer may take, in seconds.
    var timeout: Double
  }

  /// A line longer than this is no answer.
  private static let longestLine = 8 << 20

  private let settings: Settings
  private let path: String
  private let complaints = Complaints()
  private let questions: AsyncStream<Data>.Continuation
  private var running: Task<Void, Never>?
  private var waiting: [Int: CheckedContinuation<Result<ProgramReply, EnvironmentError>, Never>] = [:]
  /// Questions that nobody waits for any more; their answers may still come.
  private var abandoned: Set<Int> = []
  private var next = 0
  /// Why it answers no more, or nil.
  private var end: EnvironmentError?

  init(_ settings: Settings) throws(EnvironmentError) {
    self.settings = settings
    guard let program = settings.command.first, let path = Self.find(program, in: settings.folder) else {
      throw EnvironmentError(
        .misconfigured,
        "There is no program \(settings.command.first ?? "in environment.command"): give its path, or put it on PATH.")
    }
    self.path = path
    let (stream, questions) = AsyncStream<Data>.makeStream()
    self.questions = questions
    // The program outlives this call and ends with `stop`, which cancels it, or with the end of its input.
    Task { await self.start(stream) }
  }

  private func start(_ stream: AsyncStream<Data>) {
    guard end == nil else { return }
    running = Task { await self.run(stream) }
  }

  /// Asks and waits for the answer.
  func ask(_ make: (Int) -> ProgramRequest) async throws(EnvironmentError) -> ProgramReply {
    if let end { throw end }
    next += 1
    let id = next
    let request = make(id)
    guard let data = try? JSONEncoder().encode(request) else {
      throw EnvironmentError(.misconfigured, "A question to \(name) could not be written as JSON.")
    }
    let timer = Task { [settings] in
      try await Task.sleep(for: .seconds(settings.timeout))
      self.stop(
        EnvironmentError(
          .unavailable, "\(self.name) did not answer \(request.op.rawValue) within \(settings.timeout) s."))
    }
    defer { timer.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[id] = continuation
        questions.yield(data + Data("\n".utf8))
      }
    } onCancel: {
      Task { await self.abandon(id) }
    }
    let reply = try result.get()
    if let error = reply.error {
      throw EnvironmentError(.unavailable, "\(name) refused \(request.op.rawValue): \(error.prefix(500))")
    }
    return reply
  }

  private func abandon(_ id: Int) {
    guard let continuation = waiting.removeValue(forKey: id) else { return }
    abandoned.insert(id)
    continuation.resume(
      returning: .failure(EnvironmentError(.cancelled, "The run was stopped while it waited for \(name).")))
  }

  /// Ends the program: it is told by the end of its input, and killed where it does not listen.
  func close() async {
    stop(EnvironmentError(.cancelled, "\(name) was closed."))
    await running?.value
  }

  var isRunning: Bool { end == nil }

  nonisolated var name: String { settings.command.first ?? "the program" }

  // MARK: - The program

  private func run(_ stream: AsyncStream<Data>) async {
    var options = PlatformOptions()
    // Apart from the terminal's process group, so that Ctrl-C reaches only cox, which then ends the run in order.
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(500))]
    let complaints = complaints
    do {
      _ = try await Subprocess.run(
        .path(FilePath(path)), arguments: Arguments(Array(settings.command.dropFirst())),
        workingDirectory: settings.folder.map { FilePath($0) }, platformOptions: options, input: .inputWriter,
        output: .sequence, error: .sequence
      ) { execution in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            for await data in stream { _ = try await execution.standardInputWriter.write(Array(data)) }
            try await execution.standardInputWriter.finish()
          }
          group.addTask {
            var lines = Lines(longest: 1 << 16)
            for try await buffer in execution.standardError {
              for line in lines.take(buffer.withUnsafeBytes { Array($0) }) ?? [] { complaints.note(line) }
            }
          }
          var lines = Lines(longest: Self.longestLine)
          for try await buffer in execution.standardOutput {
            guard let whole = lines.take(buffer.withUnsafeBytes { Array($0) }) else {
              self.stop(
                EnvironmentError(
                  .unavailable,
                  "\(self.name) wrote a line of more than \(Self.longestLine >> 20) MB, which is no answer."))
              break
            }
            for line in whole { self.take(line) }
          }
          // What it said last may still be on its way.
          try? await Task.sleep(for: .milliseconds(50))
          self.stop(EnvironmentError(.unavailable, "\(self.name) has ended\(complaints.text)"))
          group.cancelAll()
        }
      }
    } catch {
      stop(EnvironmentError(.unavailable, "\(name) has ended\(complaints.text)"))
    }
  }

  private func take(_ line: [UInt8]) {
    // Bytes that are no UTF-8 are repaired, as a terminal would show them.
    let text = String(decoding: line, as: UTF8.self)
    guard !text.allSatisfy(\.isWhitespace) else { return }
    do {
      let reply = try OutsideJSON.decode(ProgramReply.self, from: text)
      if let id = reply.id, abandoned.remove(id) != nil { return }
      guard let id = reply.id, let continuation = waiting.removeValue(forKey: id) else {
        return stop(misspoken("an answer without the id of a question", text))
      }
      continuation.resume(returning: .success(reply))
    } catch {
      stop(misspoken("a line that is no answer in JSON (which knows neither NaN nor Infinity)", text))
    }
  }

  private func misspoken(_ what: String, _ text: String) -> EnvironmentError {
    EnvironmentError(
      .unavailable, "\(name) wrote \(what): \(text.prefix(200)). What is not an answer belongs on standard error.")
  }

  private func stop(_ error: EnvironmentError) {
    guard end == nil else { return }
    end = error
    for continuation in waiting.values { continuation.resume(returning: .failure(error)) }
    waiting = [:]
    questions.finish()
    let running = running
    Task {
      // Time to end by itself.
      try? await Task.sleep(for: .milliseconds(300))
      running?.cancel()
    }
  }

  /// The program's path: as given where it has a slash, else on `PATH`.
  private static func find(_ program: String, in folder: String?) -> String? {
    let manager = FileManager.default
    if program.contains("/") {
      let base = URL(fileURLWithPath: folder ?? manager.currentDirectoryPath)
      let path = URL(fileURLWithPath: program, relativeTo: base).path
      return manager.isExecutableFile(atPath: path) ? path : nil
    }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(program)" }.first(where: manager.isExecutableFile)
  }
}

/// Bytes put together to lines.
struct Lines {
  private let longest: Int
  private var rest: [UInt8] = []

  init(longest: Int) { self.longest = longest }

  /// The lines that are whole with these bytes, without their ends; nil where one is too long.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]]? {
    var lines: [[UInt8]] = []
    var start = 0
    // Only what is new is searched: a line may come in many pieces.
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      lines.append(rest + bytes[start..<end])
      rest = []
      start = end + 1
    }
    rest += bytes[start...]
    return rest.count > longest ? nil : lines
  }
}

/// The last lines that a program wrote to standard error, to say why it ended.
private final class Complaints: @unchecked Sendable {
  private let lock = NSLock()
  private var lines: [String] = []

  func note(_ line: [UInt8]) {
    lock.withLock {
      lines.append(String(decoding: line.prefix(300), as: UTF8.self))
      if lines.count > 5 { lines.removeFirst() }
    }
  }

  /// ": what it said", or a full stop.
  var text: String {
    let said = lock.withLock { lines.joined(separator: " | ") }
    return said.isEmpty ? "." : ": \(said)"
  }
}
