import Agents
import Foundation
import Reporting
import Steering
import Synchronization
import Workbench

/// Progress of attempts at tasks on standard error: one line that is redrawn on a terminal, or occasional plain lines
/// otherwise.
final class TaskMeter: TaskProgress {
  private struct State {
    var tasksDone = 0
    /// The last figures of the run.
    var figures: ProgressFigures?
    /// Seconds from the start to these figures.
    var figuresAt = 0.0
    /// The number of tasks with a reward. `rewards` is the sum of these rewards.
    var rewarded = 0
    var rewards = 0.0
    var failed = 0
    var calls = 0
    var usage = Usage()
    var stored = 0
    var lastDrawn = ContinuousClock.now
  }

  private let title: String
  private let tasks: Int
  /// The most calls that all tasks may take.
  private let most: Int
  private let pricing: Pricing
  private let isQuiet: Bool
  private let isTerminal: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ title: String, tasks: Int, calls: Int, pricing: Pricing, quiet: Bool) {
    self.title = title
    self.tasks = tasks
    most = calls
    self.pricing = pricing
    isQuiet = quiet
    isTerminal = Console.errorIsTerminal
    draw(force: true)
  }

  func finished(_ result: PopulationResult) {
    state.withLock {
      $0.tasksDone += 1
      $0.failed += result.failedParticles
      guard let reward = result.rewardMean else { return }
      $0.rewarded += 1
      $0.rewards += reward
    }
    draw(force: false)
  }

  func called(_ event: CallEvent) {
    state.withLock {
      $0.calls += 1
      $0.usage += event.usage
      if event.isStored { $0.stored += 1 }
    }
    draw(force: false)
  }

  func update(_ figures: ProgressFigures) {
    state.withLock {
      $0.figures = figures
      $0.figuresAt = (ContinuousClock.now - start).inSeconds
    }
    draw(force: false)
  }

  /// Draws the last state and moves to the next line.
  func end() {
    draw(force: true)
    if isTerminal && !isQuiet { Console.endLine() }
  }

  private func draw(force: Bool) {
    guard !isQuiet else { return }
    let now = ContinuousClock.now
    let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
    let line: String? = state.withLock { state in
      guard force || now - state.lastDrawn >= pause else { return nil }
      state.lastDrawn = now
      return text(state, seconds: (now - start).inSeconds)
    }
    guard let line else { return }
    if isTerminal {
      Console.redraw(line)
    } else {
      Console.note(line)
    }
  }

  private func text(_ state: State, seconds: Double) -> String {
    let width = 20
    let expected = max(state.figures?.expectedCalls ?? most, state.calls)
    let filled = state.tasksDone == tasks ? width : min(width * state.calls / max(expected, 1), width - 1)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    var parts = ["\(title) \(bar) \(state.tasksDone)/\(tasks)"]
    if state.rewarded > 0 {
      parts.append("reward " + Format.number(state.rewards / Double(state.rewarded)))
    }
    if state.failed > 0 { parts.append("\(state.failed) failed") }
    let about = Format.about(state.usage.estimatedTokens)
    if state.usage.totalTokens > 0 {
      parts.append("\(about)\(short(state.usage.inputTokens)) in, \(short(state.usage.outputTokens)) out")
    }
    if !pricing.isFree { parts.append("cost " + about + Format.money(pricing.cost(of: state.usage))) }
    let fresh = state.calls - state.stored
    parts.append("\(state.calls) calls" + (state.stored > 0 ? " (\(state.stored) stored)" : ""))
    if let figures = state.figures, state.tasksDone < tasks {
      if figures.inFlight > 0 { parts.append("\(figures.inFlight) in flight") }
      if let rate = figures.callsPerSecond, rate > 0 { parts.append(String(format: "%.1f/s", rate)) }
      if let left = figures.secondsLeft { parts.append(remaining(left - (seconds - state.figuresAt), figures)) }
    } else if seconds > 1, fresh > 0 {
      parts.append(String(format: "%.1f/s", Double(fresh) / seconds))
    }
    return parts.joined(separator: "  ")
  }

  /// "3:05 left", "at most 3:05 left", "3:05 to limits.cost".
  private func remaining(_ seconds: Double, _ figures: ProgressFigures) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded())
    let time = "\(whole / 60):\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
    if let limit = figures.endsBy { return "\(time) to \(limit)" }
    return (figures.isBound ? "at most " : "") + "\(time) left"
  }

  /// 950, 12k, 3.4M.
  private func short(_ count: Int) -> String {
    switch count {
    case ..<10_000: "\(count)"
    case ..<1_000_000: "\(count / 1_000)k"
    default: String(format: "%.1fM", Double(count) / 1e6)
    }
  }
}
