import Agents
import Findings
import Foundation
import Reporting
import Steering

/// The result of a collection: rollouts, rewards, tokens and cost.
public struct CollectReport: Sendable, Encodable {
  /// The split; nil for tasks of several splits or of none.
  public let split: String?
  /// The number of tasks attempted.
  public let tasks: Int
  /// Attempts of each task.
  public let rollouts: Int
  /// The number of attempts that did not fail.
  public let trajectories: Int
  /// The attempts that failed, by reason. No mean includes them.
  public let failedAttempts: FailedAttempts
  /// The mean reward, over the tasks that have a trajectory.
  public let reward: MeanEstimate
  /// The standard deviation of the reward within a task, pooled over tasks: the variation that selection can use. Nil
  /// if no task has trajectories to compare.
  public let rewardDeviationWithinTasks: Double?
  /// Answers of the policy, stored ones included.
  public let policyCalls: Int
  /// Input tokens, cached ones included.
  public let inputTokens: Int
  /// Input that the provider read from its cache.
  public let cachedInputTokens: Int
  /// Input that the provider charged for writing to its cache.
  public let cacheWriteTokens: Int
  /// Input saved by sending identical prompts once; not included in ``inputTokens``.
  public let savedInputTokens: Int
  /// Output tokens, reasoning included.
  public let outputTokens: Int
  /// Output that was reasoning.
  public let reasoningTokens: Int
  /// Input and output that no server reported, estimated from the texts; nil if everything was reported.
  public let estimatedTokens: Int?
  /// Answers cut off at the maximal length.
  public let cutOffAnswers: Int
  /// Money, in the currency of the pricing.
  public let cost: Double
  /// Wall-clock seconds from start to end.
  public let wallSeconds: Double
  /// Why the collection ended early; nil if it did not.
  public let stopped: String?
  /// The number of tasks without an expert solution; nil if no expert was asked.
  public let unsolved: Int?

  package init(_ outcome: Campaign.Outcome, split: Split?, rollouts: Int, pricing: Pricing, unsolved: Int? = nil) {
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

  /// The report as `cox collect` prints it.
  public var text: String {
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
        """
        Identical prompts were sent once, which saved \(Format.count(savedInputTokens)) input tokens, \
        \(Format.number(share * 100, digits: 0)) % of all.
        """)
    }
    if cutOffAnswers > 0 {
      lines.append(
        """
        \(Format.count(cutOffAnswers)) of \(Format.count(policyCalls)) answers were cut off at the maximal length and \
        used as they were: raise policy.maxTokens.
        """)
    }
    if failedAttempts.count > 0 { lines.append(failedAttempts.text(of: trajectories + failedAttempts.count)) }
    // Failed attempts do not show whether there is anything to select.
    if let deviation = rewardDeviationWithinTasks, deviation < 1e-9, rollouts > 1 {
      lines.append("All rollouts of each task end alike: there is nothing to select, and steering cannot help here.")
    }
    return lines.joined(separator: "\n")
  }
}
