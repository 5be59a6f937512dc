import Agents
import ChildProcess
import Foundation

/// One run of a program to its end, with everything that it starts.
struct ProgramRun: Sendable {
  /// How a program ended.
  struct End: Sendable {
    /// 0 to 255, or the negative number of a signal; nil if it could not be run.
    let status: Int?
    /// What it last wrote to standard error, after a colon, or a full stop.
    let lastWords: String

    /// The last words as the end of a sentence.
    private var said: String { [".", "!", "?"].contains(lastWords.last) ? lastWords : lastWords + "." }

    var description: String {
      switch status {
      case nil: "could not be run\(said)"
      case let status? where status < 0: "was ended by signal \(-status)\(said)"
      case let status?: "ended with status \(status)\(said)"
      }
    }
  }

  /// The variable by which what a program started is found, whatever session it is in.
  static let mark = "COX_ATTEMPT"

  private let program: ChildProgram
  private let mark: String

  /// - Parameter mark: a name for this run alone.
  init(path: String, arguments: [String], folder: String, environment: ChildEnvironment, mark: String) {
    var environment = environment
    environment.setting[Self.mark] = mark
    program = ChildProgram(
      path: path, arguments: arguments, folder: folder, environment: environment, grace: .milliseconds(200))
    self.mark = mark
  }

  /// Runs the program. A cancelled task ends it.
  ///
  /// - Parameters:
  ///   - printed: takes what it prints.
  ///   - timeout: the most seconds; nil for no limit.
  ///   - started: called with the process's number.
  func run(
    _ printed: PrintedScore, timeout: Double? = nil, started: @escaping @Sendable (pid_t) -> Void = { _ in }
  ) async -> End {
    defer { printed.end() }
    do {
      let (complaints, status) = try await program.runToStatus { child in
        started(child.process)
        await child.endInput()
        await follow(child, printed, timeout: timeout)
        // Once more: a process that was just begun had no environment yet by which it is found.
        child.kill()
        Leftovers.kill(having: Self.mark, mark)
        return child.complaints
      }
      return End(status: status, lastWords: await complaints.lastWords(patience: .milliseconds(200)))
    } catch {
      return End(status: nil, lastWords: ": \(error)")
    }
  }

  /// Reads the output until the program has ended. Children that it leaves behind may keep the pipe open, and a program
  /// may close its output and work on.
  private func follow(_ child: Child, _ printed: PrintedScore, timeout: Double?) async {
    let deadline = timeout.map { ContinuousClock.now + .seconds($0) }
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        try? await child.read { bytes in
          printed.take(bytes)
          return true
        }
        return true
      }
      group.addTask {
        // The output of most programs ends with them, so that this may be slow.
        await Self.end(of: child, before: deadline, lookingEvery: .milliseconds(100))
        return false
      }
      if await group.next() == true {
        // The output has ended.
        await Self.end(of: child, before: deadline, lookingEvery: .milliseconds(2))
      } else {
        // What it wrote last may still be in the pipe.
        let limit = ContinuousClock.now + .milliseconds(200)
        let output = PrintedOutput(of: child.process)
        while output?.isWaiting == true, .now < limit, !Task.isCancelled {
          try? await Task.sleep(for: .milliseconds(5))
        }
        try? await Task.sleep(for: .milliseconds(10))
      }
      group.cancelAll()
      // Whatever it started may hold its output open for ever.
      child.kill()
      Leftovers.kill(having: Self.mark, mark)
    }
  }

  /// Waits for the end of a program, for its deadline, or until the task is cancelled.
  private static func end(
    of child: Child, before deadline: ContinuousClock.Instant?, lookingEvery interval: Duration
  ) async {
    while !Task.isCancelled, !Leftovers.hasEnded(child.process), deadline.map({ .now < $0 }) ?? true {
      try? await Task.sleep(for: interval)
    }
  }
}
