import Agents
import Foundation
import Reporting
import RolloutStore
import Steering

/// The whole store: its state and its runs.
struct StateDocument: Encodable, Sendable {
  let version: Int
  let store: String
  /// `open`, `missing` or `unreadable`.
  let state: String
  let message: String?
  let runs: [RunDocument]
}

/// What changed in the store.
struct ChangeDocument: Encodable, Sendable {
  struct Tasks: Encodable, Sendable {
    let run: String
    let tasks: [TaskID]
  }

  let version: Int
  let state: String
  let message: String?
  /// The ids of all runs.
  let order: [String]
  let runs: [RunDocument]
  let tasks: [Tasks]
}

/// Tokens of calls.
struct TokensDocument: Encodable, Sendable, Hashable {
  let input, cached, output, reasoning, saved, estimated: Int

  init(_ usage: Usage) {
    (input, cached, output) = (usage.inputTokens, usage.cachedInputTokens, usage.outputTokens)
    (reasoning, saved, estimated) = (usage.reasoningTokens, usage.savedInputTokens, usage.estimatedTokens)
  }
}

/// A run: settings, sums and progress.
struct RunDocument: Encodable, Sendable, Hashable {
  let id, name, verb, method, world, rules, policy, startedAt, seed: String
  let format: String
  let critic: String?
  /// The settings of a steered run as lines of a name and a value.
  let settings: [[String]]
  let isOfCritic, isConversation: Bool
  /// `running`, `done`, `stopped`, `lost` (its process wrote nothing for long) or `unknown`.
  let state: String
  let tasks, openTasks, trajectories, culled, failed, calls: Int
  let rewardBest, rewardMean: Double?
  let tokens: TokensDocument
  let seconds: Double
  /// nil if prices are not known.
  let cost: Double?
  let progress: ProgressFigures?

  init(_ sums: RunSums) {
    let record = sums.run.record
    id = record.id
    name = String(record.id.prefix(10))
    verb = record.verb
    method = record.method
    world = record.environment.kind
    rules = visible(record.environment.rules)
    policy = visible(record.policy)
    startedAt = sums.run.startedAt
    seed = String(record.seed)
    format = record.format.rawValue
    critic = record.critic.map { visible($0) }
    settings = record.steering.map(Self.lines) ?? []
    isOfCritic = sums.isOfCritic
    isConversation = record.environment.isConversation
    let tallies = sums.trajectories.values
    tasks = sums.tasks.count
    openTasks = sums.isOfCritic ? 0 : sums.tasks.count { sums.isOpen($0) }
    trajectories = tallies.reduce(0) { $0 + $1.final + $1.banked }
    culled = tallies.reduce(0) { $0 + $1.culled }
    failed = sums.failed
    calls = sums.total.calls
    let best = tallies.compactMap(\.rewardBest)
    rewardBest = best.isEmpty ? nil : best.reduce(0, +) / Double(best.count)
    let means = tallies.compactMap(\.rewardMean)
    rewardMean = means.isEmpty ? nil : means.reduce(0, +) / Double(means.count)
    tokens = TokensDocument(sums.total.usage)
    seconds = sums.total.seconds
    progress = sums.figures?.progress
    cost = progress.flatMap { $0.pricing.isFree ? nil : $0.pricing.cost(of: sums.total.usage) }
    // Figures are written every second.
    let isFresh = sums.figures?.updated.map { Date.now.timeIntervalSince($0) < 20 } ?? false
    state =
      switch progress?.state {
      case .running?: isFresh ? "running" : "lost"
      case .done?: "done"
      case .stopped?: "stopped"
      case nil: openTasks > 0 ? "unknown" : "done"
      }
  }

  private static func lines(_ settings: SteeringSettings) -> [[String]] {
    var lines = [
      ["particles", Format.count(settings.particles)], ["β", Format.short(settings.temperature)],
      ["resample", settings.schedule.description], ["answer", settings.answer.rawValue],
    ]
    if settings.schedule != .never { lines.append(["resampler", settings.resampler.rawValue]) }
    if let keep = settings.keep { lines.append(["keep", Format.count(keep)]) }
    if let calls = settings.search.calls { lines.append(["calls of each task", Format.count(calls)]) }
    return lines
  }
}

/// A task of a run.
struct TaskDocument: Encodable, Sendable, Hashable {
  let task: TaskID
  let request: String
  let split: String?
  let stepLimit: Int?
  let isOpen: Bool
  let trajectories, culled, failed, calls: Int
  let rewardBest, rewardMean: Double?
  let tokens: TokensDocument
  let cost: Double?

  init(_ id: TaskID, _ sums: RunSums, _ known: (task: AgentTask, split: String?)?, isWhole: Bool = false) {
    let (own, calls) = (sums.trajectories[id] ?? TrajectoryTally(), sums.calls[id] ?? CallTally())
    task = id
    let words = visible(known?.task.request ?? "", keepingLayout: true)
    request = isWhole ? words : String(words.prefix(240))
    split = known?.split
    stepLimit = known?.task.stepLimit
    isOpen = sums.isOpen(id)
    trajectories = own.final + own.banked
    culled = own.culled
    failed = own.failed
    self.calls = calls.calls
    rewardBest = own.rewardBest
    rewardMean = own.rewardMean
    tokens = TokensDocument(calls.usage)
    cost = sums.figures.flatMap { $0.progress.pricing.isFree ? nil : $0.progress.pricing.cost(of: calls.usage) }
  }
}

/// Some of several rows.
struct PageDocument<Row: Encodable & Sendable>: Encodable, Sendable {
  /// nil if counting them would take long.
  let total: Int?
  let offset: Int
  let rows: [Row]
  /// Whether there are rows after these.
  let hasMore: Bool
}
