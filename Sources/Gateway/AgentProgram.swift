import Agents
import ChildProcess
import Foundation

/// One run of an agent's program, in a folder of its own.
final class AgentProgram: Sendable {
  /// How a program ended.
  struct End: Sendable {
    /// 0 to 255, or the negative number of a signal; nil if it could not be run.
    let status: Int?
    /// What it last wrote to standard error, after a colon, or a full stop.
    let lastWords: String

    var description: String {
      switch status {
      case nil: "could not be run\(lastWords)"
      case let status? where status < 0: "was ended by signal \(-status)\(lastWords)"
      case let status?: "ended with status \(status)\(lastWords)"
      }
    }
  }

  let line: AttemptLine
  let printed = PrintedScore()
  let folder: WorkingFolder
  private let token: String
  private let desk: AttemptDesk
  private let running: Task<End, Never>

  /// - Parameters:
  ///   - environment: what the program gets besides the variables of the gateway.
  ///   - port: of the gateway.
  ///   - variables: further variables, such as the task.
  static func start(
    _ command: [String], path: String, in folder: WorkingFolder, line: AttemptLine, desk: AttemptDesk, port: Int,
    attempt: String, environment: ChildEnvironment, variables: [String: String]
  ) async -> AgentProgram {
    let token = await desk.open(line)
    var environment = environment
    environment.setting = GatewayVariables.all(port: port, token: token)
      .merging(variables) { $1 }.merging(["COX_ATTEMPT": attempt]) { $1 }
    let program = ChildProgram(
      path: path, arguments: Array(command.dropFirst()), folder: folder.path, environment: environment,
      grace: .milliseconds(200))
    return AgentProgram(program, line: line, folder: folder, token: token, desk: desk, attempt: attempt)
  }

  private init(
    _ program: ChildProgram, line: AttemptLine, folder: WorkingFolder, token: String, desk: AttemptDesk,
    attempt: String
  ) {
    (self.line, self.folder, self.token, self.desk) = (line, folder, token, desk)
    running = Task { [printed] in
      let end: End
      do {
        let (complaints, status) = try await program.runToStatus { child in
          await child.endInput()
          await Self.follow(child, printed)
          // Whatever it started may hold its output open for ever.
          child.kill()
          Leftovers.kill(having: "COX_ATTEMPT", attempt)
          return child.complaints
        }
        end = End(status: status, lastWords: await complaints.lastWords(patience: .milliseconds(200)))
      } catch {
        end = End(status: nil, lastWords: ": \(error)")
      }
      printed.end()
      await line.programEnded()
      return end
    }
  }

  /// Reads the output until the program has ended. Children that it leaves behind may keep the pipe open.
  private static func follow(_ child: Child, _ printed: PrintedScore) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await child.read { bytes in
          printed.take(bytes)
          return true
        }
      }
      group.addTask {
        while !Task.isCancelled, !Leftovers.hasEnded(child.process) {
          try? await Task.sleep(for: .milliseconds(20))
        }
        // What it wrote last is still in the pipe.
        try? await Task.sleep(for: .milliseconds(100))
      }
      // The end of the output, or of the program. A program may close its output and work on.
      await group.next()
      if !Leftovers.hasEnded(child.process), !Task.isCancelled { await group.next() }
      group.cancelAll()
      child.kill()
    }
  }

  /// Waits for the end.
  var end: End { get async { await running.value } }

  /// Ends the program and everything that it started, and removes its folder.
  func stop() async {
    await desk.close(token)
    await line.end(GatewayError(.unauthorized, "This attempt was ended."))
    running.cancel()
    _ = await running.value
    folder.remove()
  }
}

/// The environment variables by which programs find the gateway, and those that keep frameworks from waiting for an
/// internet that may not be there.
enum GatewayVariables {
  static func all(port: Int, token: String) -> [String: String] {
    var variables = quiet
    let base = "http://127.0.0.1:\(port)"
    for name in ["OPENAI_BASE_URL", "OPENAI_API_BASE"] { variables[name] = base + "/v1" }
    variables["ANTHROPIC_BASE_URL"] = base
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"] { variables[name] = token }
    let environment = ProcessInfo.processInfo.environment
    for name in ["NO_PROXY", "no_proxy"] {
      variables[name] = [environment[name], "127.0.0.1,localhost"].compactMap(\.self).filter { !$0.isEmpty }
        .joined(separator: ",")
    }
    return variables
  }

  private static let quiet = [
    "OPENAI_AGENTS_DISABLE_TRACING": "1", "OTEL_SDK_DISABLED": "true", "CREWAI_DISABLE_TELEMETRY": "true",
    "ANONYMIZED_TELEMETRY": "false", "DO_NOT_TRACK": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    "MSWEA_CONFIGURED": "true", "MSWEA_COST_TRACKING": "ignore_errors", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LANGSMITH_TRACING": "false",
    // Output in a pipe would otherwise arrive at the end alone.
    "PYTHONUNBUFFERED": "1",
  ]
}
