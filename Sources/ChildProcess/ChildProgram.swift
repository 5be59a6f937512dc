import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A program to run as a child of this process: a world, a simulator, a model server.
///
/// The child gets the environment variables that it needs and no secrets (``ChildEnvironment``). It runs in a process
/// group of its own, so that Ctrl-C in a terminal does not reach it. Neither the child nor its descendants outlive this
/// process, not even after SIGKILL (``ChildGuard``).
package struct ChildProgram: Sendable, Hashable {
  /// The program's path.
  package var path: String
  package var arguments: [String]
  /// The working folder; nil for the current one.
  package var folder: String?
  package var environment: ChildEnvironment
  /// How long the program may take to end after the end of its input. Then it gets SIGTERM, and half a second later
  /// SIGKILL.
  package var grace: Duration

  package init(
    path: String, arguments: [String] = [], folder: String? = nil, environment: ChildEnvironment = ChildEnvironment(),
    grace: Duration = .seconds(2)
  ) {
    self.path = path
    self.arguments = arguments
    self.folder = folder
    self.environment = environment
    self.grace = grace
  }

  static let shell = "/bin/sh"

  /// The path of a program on `PATH`; nil if there is none.
  package static func onPath(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
  }

  /// Ignores SIGPIPE unless the caller has a handler of its own: writing to a program that has ended is an error and
  /// must not end this process.
  private static let ignoreBrokenPipes: Void = {
    var action = sigaction()
    guard sigaction(SIGPIPE, nil, &action) == 0 else { return }
    #if os(Linux)
      let handler = action.__sigaction_handler.sa_handler
    #else
      let handler = action.__sigaction_u.__sa_handler
    #endif
    if unsafeBitCast(handler, to: Int.self) == 0 { signal(SIGPIPE, SIG_IGN) }
  }()

  /// Waits for a line before it becomes the program. The line is sent once the guard has the process group. If this
  /// process ends earlier, the line never arrives, and the program never starts.
  private static let trampoline = "IFS= read -r go || exit 127; exec \"$0\" \"$@\""

  /// Starts the program, runs `body` with it, and ends it.
  ///
  /// - Throws: ``ChildError`` if the program cannot be started, and the errors of `body`. A program that ends by itself
  ///   is not an error: its output ends.
  package func run<T: Sendable>(_ body: (Child) async throws -> T) async throws -> T {
    try await finished(body).value
  }

  /// Starts the program, runs `body` with it, and ends it.
  ///
  /// - Returns: what `body` returned, and the program's exit status: 0 to 255, or the negative number of the signal that
  ///   ended it.
  package func runToStatus<T: Sendable>(_ body: (Child) async throws -> T) async throws -> (value: T, status: Int) {
    let (value, status) = try await finished(body)
    return
      switch status
    {
    case .exited(let code): (value, Int(code))
    case .signaled(let signal): (value, -Int(signal))
    }
  }

  /// Standard output of the program, without white space at its ends.
  ///
  /// - Parameter complaints: whether standard error is included.
  /// - Returns: the first 4096 bytes; nil if the program cannot be run or fails.
  package func output(complaints: Bool = false) async -> String? {
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    let result = try? await finished { child in
      await child.endInput()
      var text: [UInt8] = []
      try? await child.read { bytes in
        text += bytes.prefix(4096 - text.count)
        return true
      }
      return (text, child.complaints)
    }
    guard let result, result.status.isSuccess else { return nil }
    let (text, said) = result.value
    return (String(decoding: text, as: UTF8.self) + (complaints ? said.lines.joined(separator: "\n") : ""))
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func finished<T: Sendable>(
    _ body: (Child) async throws -> T
  ) async throws -> (value: T, status: TerminationStatus) {
    Self.ignoreBrokenPipes
    let absolute = URL(fileURLWithPath: path).path
    let complaints = Complaints()
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))]
    let marked = environment.variables.merging([ChildGuard.variable: ChildGuard.mark]) { $1 }
    let variables = marked.map { Array("\($0.key)=\($0.value)\0".utf8) }
    do {
      let result = try await Subprocess.run(
        .path(FilePath(Self.shell)), arguments: Arguments(["-c", Self.trampoline, absolute] + arguments),
        environment: .custom(variables), workingDirectory: folder.map { FilePath($0) }, platformOptions: options,
        input: .inputWriter, output: .sequence, error: .sequence
      ) { execution in
        let child = Child(
          process: execution.processIdentifier.value, complaints: complaints, input: execution.standardInputWriter,
          output: ChildOutput(execution.standardOutput))
        let errors = execution.standardError
        return await withTaskGroup(of: Void.self) { tasks in
          // Standard error is read while the body runs, since a full pipe would block the program.
          tasks.addTask {
            do {
              for try await buffer in errors { complaints.take(buffer.withUnsafeBytes { Array($0) }) }
            } catch {
              // A broken pipe means that the program has ended or is about to.
            }
            complaints.end()
          }
          let result = await Self.result(of: body, with: child)
          await child.endInput()
          await execution.teardown(using: ending)
          // The process is not reaped yet, so its number cannot have been reused.
          child.kill()
          ChildGuard.shared.forget(child.process)
          return result
        }
      }
      return (try result.closureResult.get(), result.terminationStatus)
    } catch let error as SubprocessError {
      throw ChildError("\(path) could not be run: \(error)")
    }
  }

  /// The first step sends the null signal, which has no effect: the end of input has already asked the program to end.
  private var ending: [TeardownStep] {
    let term = TeardownStep.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
    if Task.isCancelled { return [term] }
    return [.send(signal: Signal(rawValue: 0), allowedDurationToNextStep: grace), term]
  }

  private static func result<T: Sendable>(
    of body: (Child) async throws -> T, with child: Child
  ) async -> Result<T, any Error> {
    do {
      try ChildGuard.shared.watch(child.process)
      // If the program has already ended, its output shows that.
      try? await child.write(Array("\n".utf8))
      return .success(try await body(child))
    } catch {
      return .failure(error)
    }
  }

  static func kill(group: pid_t) {
    // `kill` with 0 or −1 would signal this process's own group or all processes.
    guard group > 1 else { return }
    _ = systemKill(-group, SIGKILL)
  }
}

private func systemKill(_ process: pid_t, _ signal: Int32) -> Int32 { kill(process, signal) }
