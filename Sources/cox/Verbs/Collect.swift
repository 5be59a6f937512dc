import Agents
import ArgumentParser
import Foundation
import Reporting
import RolloutStore
import Steering

struct Collect: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Roll out the frozen policy and store the trajectories.",
    discussion: """
      Independent attempts at every task of a split, kept in the store to train a critic on and to diagnose. Running the \
      same command again asks only for what is missing; more --rollouts keep those that are there.

      With --expert, the world's own solutions instead, as rollouts of the policy "expert", for a model to imitate: no model \
      is asked, and the answers are written as policy.format has them. The worlds orders, arithmetic and textcraft have one.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var chosen: TaskOptions

  @Option(help: ArgumentHelp("Attempts per task; 4 unless given, and 1 of an expert.", valueName: "count"))
  var rollouts: Int?

  @Flag(help: "Store the world's own solutions, for a model to imitate.")
  var expert = false

  func validate() throws {
    if let rollouts, rollouts < 1 { throw ValidationError("--rollouts is at least 1.") }
    if expert, rollouts ?? 1 > 1 {
      throw ValidationError("--expert goes without --rollouts: a task has one solution.")
    }
  }

  func run() async throws {
    if expert { return try await runExpert() }
    let rollouts = rollouts ?? 4
    let workspace = try await Workspace(common)
    let (tasks, split) = try chosen.select(from: workspace.suite, default: .train)
    let result = try await workspace.withRun { run in
      try await run.collect(tasks, split: split, rollouts: rollouts)
    }
    let report = CollectReport(result, split: split, rollouts: rollouts, pricing: workspace.pricing)
    if let json = common.json { try Console.write(json: report, to: json) }
    if common.json != "-" { Console.print(report.text) }
    if let stopped = result.stopped { throw stopped }
  }

  private func runExpert() async throws {
    let workspace = try await Workspace(common)
    let (tasks, split) = try chosen.select(from: workspace.suite, default: .train)
    let (outcome, unsolved) = try await workspace.collectExpert(tasks, split: split)
    let report = CollectReport(outcome, split: split, rollouts: 1, pricing: workspace.pricing, unsolved: unsolved)
    if let json = common.json { try Console.write(json: report, to: json) }
    if common.json != "-" { Console.print(report.text) }
    if let stopped = outcome.stopped { throw stopped }
  }
}

/// What a collection gave.
struct CollectReport: Encodable {
  /// nil for tasks of several splits or of none.
  let split: String?
  let tasks: Int
  let rollouts: Int
  let trajectories: Int
  let reward: MeanEstimate
  /// The standard deviation of the reward within a task, pooled over tasks: what there is to select.
  let rewardDeviationWithinTasks: Double
  let policyCalls: Int
  let inputTokens: Int
  let cachedInputTokens: Int
  let cacheWriteTokens: Int
  let savedInputTokens: Int
  let outputTokens: Int
  let reasoningTokens: Int
  /// Answers that ended because they may be no longer.
  let cutOffAnswers: Int
  let cost: Double
  let wallSeconds: Double
  let stopped: String?
  /// Tasks that an expert has no solution of; nil where no expert was asked.
  let unsolved: Int?

  init(_ outcome: Campaign.Outcome, split: Split?, rollouts: Int, pricing: Pricing, unsolved: Int? = nil) {
    let usage = outcome.usage
    self.split = split?.rawValue
    tasks = outcome.results.count
    self.rollouts = rollouts
    trajectories = outcome.results.reduce(0) { $0 + $1.particles.count }
    reward = MeanEstimate(outcome.results.map(\.rewardMean))
    let within = outcome.results.map { result in
      let mean = result.rewardMean
      return result.particles.reduce(0) { $0 + ($1.trajectory.reward - mean) * ($1.trajectory.reward - mean) }
        / Double(max(result.particles.count - 1, 1))
    }
    rewardDeviationWithinTasks = (within.reduce(0, +) / Double(max(within.count, 1))).squareRoot()
    policyCalls = outcome.calls
    inputTokens = usage.inputTokens
    cachedInputTokens = usage.cachedInputTokens
    cacheWriteTokens = usage.cacheWriteTokens
    savedInputTokens = usage.savedInputTokens
    outputTokens = usage.outputTokens
    reasoningTokens = usage.reasoningTokens
    cutOffAnswers = usage.cutOffAnswers
    cost = pricing.cost(of: usage)
    wallSeconds = outcome.wallSeconds
    stopped = outcome.stopped?.message
    self.unsolved = unsolved
  }

  var text: String {
    if let unsolved {
      return
        "\(trajectories) solutions of \(split.map { "\($0) " } ?? "")tasks stored, as rollouts of the policy \"expert\": reward "
        + reward.text(overTasks: tasks) + "."
        + (unsolved > 0 ? "\n\(unsolved) of the tasks have no solution within their steps, and are left out." : "")
    }
    var lines = [
      "\(trajectories) rollouts of \(tasks) \(split.map { "\($0) " } ?? "")tasks: reward \(reward.text(overTasks: tasks)), deviation within a task "
        + String(format: "%.3f", rewardDeviationWithinTasks) + ".",
      "\(Format.count(policyCalls)) calls, \(Format.count(inputTokens)) input tokens (\(Format.count(cachedInputTokens)) cached), "
        + "\(Format.count(outputTokens)) output tokens"
        + (reasoningTokens > 0 ? " (\(Format.count(reasoningTokens)) reasoning)" : "")
        + (cost != 0 ? ", cost \(Format.money(cost))" : "") + ", \(Format.duration(seconds: wallSeconds)).",
    ]
    if savedInputTokens > 0 {
      let share = Usage(inputTokens: inputTokens, savedInputTokens: savedInputTokens).savedShare
      lines.append(
        "Identical prompts asked once saved \(Format.count(savedInputTokens)) input tokens, \(Format.number(share * 100, digits: 0)) % of all."
      )
    }
    if cutOffAnswers > 0 {
      lines.append(
        "\(Format.count(cutOffAnswers)) of \(Format.count(policyCalls)) answers were cut off at their greatest length, and acted on as they were: raise policy.maxTokens."
      )
    }
    if rewardDeviationWithinTasks < 1e-9 && rollouts > 1 && tasks > 0 {
      lines.append("All rollouts of each task end alike: there is nothing to select, and steering cannot help here.")
    }
    return lines.joined(separator: "\n")
  }
}
