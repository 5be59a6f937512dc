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
  func reward(of program: AgentProgram, _ end: AgentProgram.End) async throws(WorldError) -> Double {
    guard let status = end.status else { throw WorldError(.unavailable, "The program \(end.description)") }
    switch world.settings.score {
    case .exit:
      guard status >= 0 else { throw WorldError(.unavailable, "The program \(end.description)") }
      return status == 0 ? 1 : 0
    case .stdout:
      if let reward = program.printed.final, program.printed.unreadable == nil {
        return try checked(reward)
      }
      throw missing(in: program.printed, "The program", end.description)
    case .file(let name):
      let path = "\(program.folder.path)/\(name)"
      guard let data = FileManager.default.contents(atPath: path) else {
        throw WorldError(
          .unavailable, "The program \(end.description) It left no file \(name) with its score in its folder.")
      }
      let text = String(decoding: data.prefix(1 << 20), as: UTF8.self)
      guard let json = JSONValue(parsing: text), let reward = (json["reward"] ?? json).amount else {
        throw WorldError(
          .badReward, "The file \(name) has no number under \"reward\": \(String(text.trimmed).clipped(to: 200))")
      }
      return try checked(reward)
    case .command(let command):
      // A program that crashed has nothing to grade.
      guard status == 0 else { throw WorldError(.unavailable, "The program \(end.description)") }
      return try await graded(command, in: program.folder)
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
    guard let name = command.first, let path = Programs.find(name, in: folder.path) else {
      throw WorldError(.misconfigured, "environment.score: there is no program \(command.first ?? "").")
    }
    let arguments = command.dropFirst().map { Programs.absolute($0, besides: folder.path) }.map {
      Programs.filled($0, task: task.id.rawValue, input: task.request)
    }
    var environment = world.settings.environment
    environment.setting["COX_TASK"] = world.line(of: task.id)
    let program = ChildProgram(
      path: path, arguments: arguments, folder: folder.path, environment: environment, grace: .milliseconds(200))
    let printed = PrintedScore()
    let timeout = world.settings.timeout
    let status: Int
    do {
      status = try await program.runToStatus { child in
        await child.endInput()
        await withTaskGroup(of: Void.self) { group in
          group.addTask {
            try? await child.read { bytes in
              printed.take(bytes)
              return true
            }
          }
          group.addTask { try? await Task.sleep(for: .seconds(timeout)) }
          await group.next()
          group.cancelAll()
          // Closes the pipe, so that the reading ends.
          if !Leftovers.hasEnded(child.process) {
            try? await Task.sleep(for: .milliseconds(50))
            if !Leftovers.hasEnded(child.process) { child.kill() }
          }
        }
      }.status
    } catch {
      throw WorldError(.unavailable, "The command of the score could not be run: \(error)")
    }
    printed.end()
    if let reward = printed.final, printed.unreadable == nil { return try checked(reward) }
    if printed.unreadable != nil { throw missing(in: printed, "The command of the score", "") }
    guard status >= 0 else {
      throw WorldError(
        .unavailable, "The command of the score was ended by signal \(-status), perhaps after \(timeout) s.")
    }
    return status == 0 ? 1 : 0
  }
}
