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
      same command again asks only for what is missing; more --rollouts keep those that are there. Attempts that fail are counted \
      apart and tried again the next time; where more than half of them failed the command exits 1.

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
    if let problem = Bounds.problem(rollouts, "--rollouts", most: Bounds.rollouts) { throw ValidationError(problem) }
    if expert, rollouts ?? 1 > 1 {
      throw ValidationError("--expert goes without --rollouts: a task has one solution.")
    }
  }

  func run() async throws {
    if expert { return try await runExpert() }
    let rollouts = rollouts ?? 4
    let workbench = try await Workbench(common)
    let (tasks, split) = try chosen.select(from: workbench.suite, default: .train)
    let result = try await workbench.withRun { run in
      try await run.collect(tasks, split: split, rollouts: rollouts)
    }
    let report = CollectReport(result, split: split, rollouts: rollouts, pricing: workbench.pricing)
    try common.deliver(report) { report.text }
    // What failed is in the report already; a collection that mostly failed is none.
    if let stopped = result.stopped ?? result.failure(ofMoreThan: 0.5) { throw stopped }
  }

  private func runExpert() async throws {
    let workbench = try await Workbench(common)
    let (tasks, split) = try chosen.select(from: workbench.suite, default: .train)
    let (outcome, unsolved) = try await workbench.collectExpert(tasks, split: split)
    let report = CollectReport(outcome, split: split, rollouts: 1, pricing: workbench.pricing, unsolved: unsolved)
    try common.deliver(report) { report.text }
    if let stopped = outcome.stopped ?? outcome.failure(ofMoreThan: 0.5) { throw stopped }
  }
}

/// What a collection gave.
struct CollectReport: Encodable {
  /// nil for tasks of several splits or of none.
  let split: String?
  let tasks: Int
  let rollouts: Int
  /// Those that did not fail.
  let trajectories: Int
  let failedAttempts: FailedAttempts
  /// Over the tasks that have a trajectory.
  let reward: MeanEstimate
  /// The standard deviation of the reward within a task, pooled over tasks: what there is to select. nil where no task has
  /// trajectories to compare.
  let rewardDeviationWithinTasks: Double?
  let policyCalls: Int
  let inputTokens: Int
  let cachedInputTokens: Int
  let cacheWriteTokens: Int
  let savedInputTokens: Int
  let outputTokens: Int
  let reasoningTokens: Int
  /// Of input and output together, what no server reported: estimated from the text. nil where everything was reported.
  let estimatedTokens: Int?
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
    failedAttempts = outcome.failedAttempts
    trajectories = outcome.attempts - failedAttempts.count
    reward = MeanEstimate(present: outcome.results.map(\.rewardMean))
    let within = outcome.results.compactMap { result -> Double? in
      let rewards = result.particles.filter { $0.failure == nil }.map(\.trajectory.reward)
      guard let mean = result.rewardMean, rewards.count > 1 || rollouts == 1 else { return nil }
      return rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(rewards.count - 1, 1))
    }
    rewardDeviationWithinTasks = within.isEmpty ? nil : (within.reduce(0, +) / Double(within.count)).squareRoot()
    policyCalls = outcome.calls
    inputTokens = usage.inputTokens
    cachedInputTokens = usage.cachedInputTokens
    cacheWriteTokens = usage.cacheWriteTokens
    savedInputTokens = usage.savedInputTokens
    outputTokens = usage.outputTokens
    reasoningTokens = usage.reasoningTokens
    estimatedTokens = usage.estimatedTokens > 0 ? usage.estimatedTokens : nil
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
    let measured = tasks - failedAttempts.tasks
    let about = Format.about(estimatedTokens)
    var lines = [
      "\(trajectories) rollouts of \(tasks) \(split.map { "\($0) " } ?? "")tasks: reward \(reward.text(overTasks: measured)), deviation within a task "
        + (rewardDeviationWithinTasks.map { Format.number($0) } ?? "–") + ".",
      "\(Format.count(policyCalls)) calls, \(about)\(Format.count(inputTokens)) input tokens (\(Format.count(cachedInputTokens)) cached), "
        + "\(about)\(Format.count(outputTokens)) output tokens"
        + (reasoningTokens > 0 ? " (\(Format.count(reasoningTokens)) reasoning)" : "")
        + (cost != 0 ? ", cost \(about)\(Format.money(cost))" : "") + ", \(Format.duration(seconds: wallSeconds)).",
    ]
    if let estimatedTokens {
      lines.append(
        "\(Format.count(estimatedTokens)) tokens, and what they cost, are estimated from the text: the server reports no usage."
      )
    }
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
    if failedAttempts.count > 0 { lines.append(failedAttempts.text(of: trajectories + failedAttempts.count)) }
    // What failed says nothing of what there is to select.
    if let deviation = rewardDeviationWithinTasks, deviation < 1e-9, rollouts > 1 {
      lines.append("All rollouts of each task end alike: there is nothing to select, and steering cannot help here.")
    }
    return lines.joined(separator: "\n")
  }
}
