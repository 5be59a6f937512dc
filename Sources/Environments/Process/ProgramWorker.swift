import Agents
import ChildProcess
import Foundation

/// One running program. Requests go to its standard input, and answers come from its standard output in any order.
///
/// A program that hangs, floods its output or sends invalid JSON is killed. All waiting requests then fail with the
/// reason.
actor ProgramWorker {
  struct Settings: Sendable, Hashable {
    /// The program and its arguments, run without a shell.
    var command: [String]
    /// The working directory; nil for the current one.
    var folder: String?
    /// The longest one answer may take, in seconds.
    var timeout: Double
    /// The environment variables that the program gets.
    var environment = ChildEnvironment()
  }

  /// The longest line of output, in bytes.
  private static let longestLine = 8 << 20

  private let settings: Settings
  private let path: String
  private let questions: AsyncStream<Data>.Continuation
  private var running: Task<Void, Never>?
  private var waiting: [Int: CheckedContinuation<Result<ProgramReply, WorldError>, Never>] = [:]
  /// Requests that were cancelled. Their answers may still arrive.
  private var abandoned: Set<Int> = []
  private var next = 0
  /// Why the program no longer answers; nil while it runs.
  private var end: WorldError?

  init(_ settings: Settings) throws(WorldError) {
    self.settings = settings
    guard let program = settings.command.first, let path = Self.find(program, in: settings.folder) else {
      throw WorldError(
        .misconfigured,
        "There is no program \(settings.command.first ?? "in environment.command"): give its path, or put it on PATH.")
    }
    self.path = path
    let (stream, questions) = AsyncStream<Data>.makeStream()
    self.questions = questions
    // The program outlives this call. It ends when `stop` cancels it or when its input is closed.
    Task { await self.start(stream) }
  }

  private func start(_ stream: AsyncStream<Data>) {
    guard end == nil else { return }
    running = Task { await self.run(stream) }
  }

  /// Sends a request and waits for the answer.
  ///
  /// - Parameter timeout: the longest the answer may take, in seconds; nil for that of the settings.
  func ask(
    timeout: Double? = nil, _ make: (Int) -> ProgramRequest
  ) async throws(WorldError) -> ProgramReply {
    // The program ended over another request.
    if let end { throw end.kind == .unavailable ? WorldError(.displaced, end.message) : end }
    next += 1
    let id = next
    let request = make(id)
    let line = Data((request.json + "\n").utf8)
    let limit = timeout ?? settings.timeout
    let timer = Task {
      try await Task.sleep(for: .seconds(limit))
      self.stop(
        WorldError(.unavailable, "\(self.name) did not answer \(request.op.rawValue) within \(limit) s."), over: id)
    }
    defer { timer.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[id] = continuation
        questions.yield(line)
      }
    } onCancel: {
      Task { await self.abandon(id) }
    }
    let reply = try result.get()
    if let error = reply.error {
      throw WorldError(.unavailable, "\(name) refused \(request.op.rawValue): \(error.prefix(500))")
    }
    if let failed = reply.failed {
      throw WorldError(.failed, "\(name) says that the attempt failed: \(failed.clipped(to: 500))")
    }
    return reply
  }

  private func abandon(_ id: Int) {
    guard let continuation = waiting.removeValue(forKey: id) else { return }
    abandoned.insert(id)
    continuation.resume(
      returning: .failure(WorldError(.cancelled, "The run was stopped while it waited for \(name).")))
  }

  /// Ends the program by closing its input, and kills it if it does not exit.
  func close() async {
    stop(WorldError(.cancelled, "\(name) was closed."))
    await running?.value
  }

  var isRunning: Bool { end == nil }

  nonisolated var name: String { settings.command.first ?? "the program" }

  // MARK: - The program

  private func run(_ stream: AsyncStream<Data>) async {
    let program = ChildProgram(
      path: path, arguments: Array(settings.command.dropFirst()), folder: settings.folder,
      environment: settings.environment, grace: .milliseconds(300))
    do {
      try await program.run { child in
        await withTaskGroup(of: Void.self) { group in
          group.addTask {
            for await data in stream {
              do { try await child.write(Array(data)) } catch { break }
            }
            await child.endInput()
          }
          await self.read(child)
          self.stop(WorldError(.unavailable, "\(self.name) has ended\(await child.complaints.lastWords())"))
          group.cancelAll()
        }
      }
    } catch {
      stop(WorldError(.unavailable, "\(name) could not be run: \(error)"))
    }
  }

  private func read(_ child: Child) async {
    var lines = Lines(longest: Self.longestLine)
    // If the pipe breaks the program is treated as ended.
    try? await child.read { bytes in
      guard let whole = lines.take(bytes) else {
        self.stop(
          WorldError(
            .unavailable,
            "\(self.name) wrote a line of more than \(Self.longestLine >> 20) MB, which is too long for an answer."))
        return false
      }
      for line in whole { self.take(line) }
      return true
    }
  }

  private func take(_ line: [UInt8]) {
    let text = String(decoding: line, as: UTF8.self)
    guard !text.allSatisfy(\.isWhitespace) else { return }
    do {
      let reply = try ProgramReply(line: line)
      if let id = reply.id, abandoned.remove(id) != nil { return }
      guard let id = reply.id, let continuation = waiting.removeValue(forKey: id) else {
        return stop(misspoken("an answer without the id of a question", text))
      }
      continuation.resume(returning: .success(reply))
    } catch {
      stop(misspoken("a line that is not an answer in JSON (where NaN and Infinity are not valid)", text))
    }
  }

  private func misspoken(_ what: String, _ text: String) -> WorldError {
    WorldError(
      .unavailable,
      "\(name) wrote \(what): \(text.prefix(200)). Write everything that is not an answer to standard error.")
  }

  /// - Parameter question: the request that the program ended over. If it is unknown, the oldest open request is
  ///   blamed, since programs usually answer in order.
  private func stop(_ error: WorldError, over question: Int? = nil) {
    guard end == nil else { return }
    end = error
    let culprit = question ?? waiting.keys.min()
    let displaced = error.kind == .unavailable ? WorldError(.displaced, error.message) : error
    for (id, continuation) in waiting {
      continuation.resume(returning: .failure(id == culprit ? error : displaced))
    }
    waiting = [:]
    questions.finish()
    let running = running
    Task {
      // Gives the program time to exit by itself.
      try? await Task.sleep(for: .milliseconds(300))
      running?.cancel()
    }
  }

  /// The program's path: unchanged if it contains a slash, otherwise looked up on `PATH`.
  private static func find(_ program: String, in folder: String?) -> String? {
    let manager = FileManager.default
    if program.contains("/") {
      let base = URL(fileURLWithPath: folder ?? manager.currentDirectoryPath)
      let path = URL(fileURLWithPath: program, relativeTo: base).path
      return manager.isExecutableFile(atPath: path) ? path : nil
    }
    return ChildProgram.onPath(program)
  }
}
