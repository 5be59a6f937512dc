import Foundation
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A program to run as a child of this process: a world, a simulator, a model server.
///
/// It gets the environment that it needs and no secret (``ChildEnvironment``), a process group of its own, so that Ctrl-C in a
/// terminal does not reach it, and it never outlives this process: neither it nor what it has started, and not after SIGKILL either
/// (``ChildGuard``).
package struct ChildProgram: Sendable, Hashable {
  /// The program's path.
  package var path: String
  package var arguments: [String]
  /// Where it runs; nil for here.
  package var folder: String?
  package var environment: ChildEnvironment
  /// How long it may take to end by itself after the end of its input, before it is told by SIGTERM, and half a second later by
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
  /// To write to a program that has ended is an error, and no reason to end as well, unless the caller has its own handler.
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

  /// Waits for a line before it becomes the program: by then the guard knows of it, and if this process ends before that, the line
  /// never comes.
  private static let trampoline = "IFS= read -r go || exit 127; exec \"$0\" \"$@\""

  /// Starts the program, runs `body` with it, and ends it.
  ///
  /// - Throws: ``ChildError`` where it cannot be started, and what `body` throws. A program that ends by itself is no error: its
  ///   output ends.
  package func run<T: Sendable>(_ body: (Child) async throws -> T) async throws -> T {
    try await finished(body).value
  }

  /// What the program prints, without the white space around it.
  ///
  /// - Parameter complaints: whether what it says on standard error counts, too.
  /// - Returns: the first 4096 bytes; nil where it cannot be run, or ends with a failure.
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
    guard let result, result.isSuccess else { return nil }
    let (text, said) = result.value
    return (String(decoding: text, as: UTF8.self) + (complaints ? said.lines.joined(separator: "\n") : ""))
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func finished<T: Sendable>(
    _ body: (Child) async throws -> T
  ) async throws -> (value: T, isSuccess: Bool) {
    Self.ignoreBrokenPipes
    let absolute = URL(fileURLWithPath: path).path
    let complaints = Complaints()
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))]
    let variables = environment.variables.map { Array("\($0.key)=\($0.value)\0".utf8) }
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
          // Read beside the body, since a full pipe would stop the program.
          tasks.addTask {
            do {
              for try await buffer in errors { complaints.take(buffer.withUnsafeBytes { Array($0) }) }
            } catch {
              // The pipe broke: the program is as good as ended.
            }
            complaints.end()
          }
          let result = await Self.result(of: body, with: child)
          await child.endInput()
          await execution.teardown(using: ending)
          // It is not reaped yet, so that its number is still its own.
          child.kill()
          ChildGuard.shared.forget(child.process)
          return result
        }
      }
      return (try result.closureResult.get(), result.terminationStatus.isSuccess)
    } catch let error as SubprocessError {
      throw ChildError("\(path) could not be run: \(error)")
    }
  }

  /// The null signal first, which does nothing: the program has been told by the end of its input.
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
      // Where it has ended already, its output says so.
      try? await child.write(Array("\n".utf8))
      return .success(try await body(child))
    } catch {
      return .failure(error)
    }
  }

  static func kill(group: pid_t) {
    // Never all of a session by mistake: 0 and 1 mean others.
    guard group > 1 else { return }
    _ = systemKill(-group, SIGKILL)
  }
}

private func systemKill(_ process: pid_t, _ signal: Int32) -> Int32 { kill(process, signal) }
