import Agents
import ChildProcess
import Foundation

/// Reads the reward of an attempt whose program has ended. An attempt without a score has failed; its reward is not 0.
struct ScoreReader {
  let world: AgentWorld
  let task: AgentTask

  /// The reward of the whole attempt.
  ///
  /// - Throws: `unavailable` for a program that failed or gave no score, `badReward` for a score that is no number.
  func reward(of program: AgentProgram, _ end: ProgramRun.End) async throws(WorldError) -> Double {
    guard let status = end.status, status >= 0 else {
      throw WorldError(.unavailable, "The program \(end.description)")
    }
    if world.settings.score == .exit { return status == 0 ? 1 : 0 }
    // A program that crashed has nothing to be scored, whatever it had printed or written before.
    guard status == 0 else { throw WorldError(.unavailable, "The program \(end.description)") }
    switch world.settings.score {
    case .exit, .stdout:
      if let reward = program.printed.final, program.printed.unreadable == nil { return try checked(reward) }
      throw missing(in: program.printed, "The program", end.description)
    case .file(let name):
      guard let data = FileManager.default.contents(atPath: "\(program.folder.path)/\(name)") else {
        throw WorldError(
          .unavailable, "The program \(end.description) It left no file \(name) with its score in its folder.")
      }
      let text = String(decoding: data.prefix(1 << 20), as: UTF8.self)
      guard let json = JSONValue(parsing: text), let reward = (json["reward"] ?? json).amount else {
        throw WorldError(
          .badReward, "The file \(name) has no number under \"reward\": \(String(text.trimmed).clipped(to: 200))")
      }
      return try checked(reward)
    case .command(let command): return try await graded(command, in: program.folder)
    }
  }

  private func missing(in printed: PrintedScore, _ who: String, _ end: String) -> WorldError {
    if let line = printed.unreadable {
      return WorldError(
        .badReward,
        "\(who) printed a score that is no number (JSON has no NaN and no Infinity): \(line.clipped(to: 200))")
    }
    return WorldError(
      .unavailable,
      """
      \(who) \(end) It printed no score. Let it print a line such as {"reward": 1.0}, or set \
      environment.score.
      """)
  }

  private func checked(_ reward: Double) throws(WorldError) -> Double {
    guard reward.isFinite else { throw WorldError(.badReward, "The score is \(reward), which is no finite number.") }
    return reward
  }

  /// Runs the command of the score in the folder of the attempt.
  private func graded(_ command: [String], in folder: WorkingFolder) async throws(WorldError) -> Double {
    let place = try ProgramPlace(command, key: "environment.score.command", folder: world.settings.folder)
    var environment = world.settings.environment
    environment.setting["COX_TASK"] = world.line(of: task)
    let run = ProgramRun(
      path: place.path(in: folder), arguments: place.arguments(task: task), folder: folder.path,
      environment: environment, mark: UUID().uuidString)
    let printed = PrintedScore()
    let end = await run.run(printed, timeout: world.settings.timeout)
    if let reward = printed.final, printed.unreadable == nil { return try checked(reward) }
    if printed.unreadable != nil { throw missing(in: printed, "The command of the score", "") }
    switch end.status {
    case 0?: return 1
    case 1?: return 0
    default:
      // Neither passed nor failed: a missing program, a wrong argument, a signal.
      throw WorldError(
        .unavailable,
        """
        The command of the score \(end.description) It printed no line with "reward", and only the statuses 0 (reward 1) \
        and 1 (reward 0) are scores.
        """)
    }
  }
}
