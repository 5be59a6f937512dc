import Agents
import ChildProcess
import Foundation
import Synchronization

/// One run of an agent's program, in a folder of its own.
final class AgentProgram: Sendable {
  let line: AttemptLine
  let printed = PrintedScore()
  let folder: WorkingFolder
  private let token: String
  private let desk: AttemptDesk
  private let process = Mutex<pid_t?>(nil)
  private let output = Mutex<PrintedOutput?>(nil)
  private let running = Mutex<Task<ProgramRun.End, Never>?>(nil)

  /// - Parameters:
  ///   - environment: what the program gets besides the variables of the gateway.
  ///   - port: of the gateway.
  static func start(
    path: String, arguments: [String], in folder: WorkingFolder, line: AttemptLine, desk: AttemptDesk, port: Int,
    environment: ChildEnvironment
  ) async -> AgentProgram {
    let token = await desk.open(line)
    var environment = environment
    environment.setting.merge(GatewayVariables.all(port: port, token: token)) { $1 }
    let run = ProgramRun(
      path: path, arguments: arguments, folder: folder.path, environment: environment, mark: UUID().uuidString)
    return AgentProgram(run, line: line, folder: folder, token: token, desk: desk)
  }

  private init(_ run: ProgramRun, line: AttemptLine, folder: WorkingFolder, token: String, desk: AttemptDesk) {
    (self.line, self.folder, self.token, self.desk) = (line, folder, token, desk)
    let task = Task { [printed, weak self] in
      let end = await run.run(printed) { [weak self] process in self?.process.withLock { $0 = process } }
      self?.output.withLock { $0 = nil }
      await line.programEnded()
      return end
    }
    running.withLock { $0 = task }
  }

  /// Waits until everything was read that the program has printed so far. It prints before it asks.
  func settle() async {
    guard let process = process.withLock(\.self) else { return }
    let output = output.withLock { output in
      if output == nil { output = PrintedOutput(of: process) }
      return output
    }
    for _ in 0..<100 where output?.isWaiting == true { try? await Task.sleep(for: .milliseconds(5)) }
    await Task.yield()
  }

  /// Waits for the end.
  var end: ProgramRun.End {
    get async { await running.withLock(\.self)?.value ?? ProgramRun.End(status: nil, lastWords: ".") }
  }

  /// Ends the program and everything that it started, and removes its folder.
  func stop() async {
    await desk.close(token)
    await line.end(GatewayError(.unauthorized, "This attempt was ended."))
    running.withLock { $0?.cancel() }
    _ = await end
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
