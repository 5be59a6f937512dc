import Agents
import Steering

/// Summaries that differ only in their seeds. At least one.
typealias SeededSummaries = [MethodSummary]

extension Comparison {
  private struct Variant: Hashable {
    let method: String
    let policy: String?
    let particles: Int
    let resample: String
    let keep: Int?
    let budget: Int?
    let temperature: Double?

    init(_ summary: MethodSummary, ignoringTemperature: Bool = false) {
      method = summary.method
      policy = summary.policy
      particles = summary.particles
      resample = summary.resample
      keep = summary.keep
      budget = summary.budget
      temperature = ignoringTemperature ? nil : summary.temperature
    }
  }

  static func grouped(_ summaries: [MethodSummary]) -> [SeededSummaries] {
    var order: [Variant] = []
    var parts: [Variant: SeededSummaries] = [:]
    for summary in summaries {
      let variant = Variant(summary)
      if parts[variant] == nil { order.append(variant) }
      parts[variant, default: []].append(summary)
    }
    return order.compactMap { parts[$0] }
  }

  /// The variants without repetitions. Independent attempts that differ only in β count as the same variant.
  static func listed(_ variants: [SeededSummaries]) -> [SeededSummaries] {
    var seen: Set<Variant> = []
    return variants.filter { parts in
      seen.insert(Variant(parts[0], ignoringTemperature: parts[0].isIndependent)).inserted
    }
  }

  /// The variants that this one is compared with, in their listed order.
  static func baselines(of variant: SeededSummaries, among variants: [SeededSummaries]) -> [SeededSummaries] {
    let summary = variant[0]
    guard summary.method != Method.bestOf.rawValue else { return [] }
    // With a budget the same budget counts. If no best-of has it, the best-of of the same N is used.
    let hasBudget = variants.contains {
      $0[0].method == Method.bestOf.rawValue && $0[0].policy == summary.policy && $0[0].budget == summary.budget
    }
    let candidates = variants.filter { parts in
      let other = parts[0]
      switch other.method {
      case Method.bestOf.rawValue:
        guard other.policy == summary.policy else { return false }
        return summary.budget != nil && hasBudget
          ? other.budget == summary.budget : other.budget == nil && other.particles == summary.particles
      // The single attempt of another policy is the target for a cheap policy that is steered.
      case Method.single.rawValue: return !summary.isIndependent
      default: return false
      }
    }
    // Of each baseline, the one at this β. β affects only its weighted mean.
    return listed(candidates).map { first in
      let same = Variant(first[0], ignoringTemperature: true)
      return candidates.first {
        Variant($0[0], ignoringTemperature: true) == same && $0[0].temperature == summary.temperature
      } ?? first
    }
  }

  /// The curve that a summary is on where several budgets are compared.
  private static func curve(_ summary: MethodSummary) -> String {
    guard summary.budget != nil, let method = Method(rawValue: summary.method), method != .frontier else {
      return summary.method
    }
    return method.isSteered ? "\(summary.method), waves of \(summary.particles)" : "\(summary.method), stopping"
  }

  static func points(_ study: Study, of methods: [MethodSummary]) -> [Point] {
    methods.filter { $0.rewardBest.mean.isFinite }.map { summary in
      let attempts = Double(max(summary.tasks * summary.seeds.count, 1))
      let calls = Double(summary.perTask.reduce(0) { $0 + $1.policyCalls }) / attempts
      let cost = summary.perTask.reduce(0) { $0 + $1.cost } / attempts
      // The label names the settings only if several curves would otherwise share it.
      let isAlone = !methods.contains {
        $0.method == summary.method && $0.policy == summary.policy && $0.particles == summary.particles
          && Variant($0) != Variant(summary)
      }
      let settings = isAlone ? "" : " \(summary.resample) β \(summary.temperature)"
      return Point(
        label: study == .calls
          ? curve(summary) : summary.method + settings + (summary.policy.map { ", \($0)" } ?? ""),
        x: study == .scaling ? Double(summary.particles) : study == .calls ? calls : cost, estimate: summary.rewardBest,
        particles: summary.particles, callsPerTask: calls, costPerTask: cost)
    }
  }
}

extension Comparison.Difference {
  init(_ variant: SeededSummaries, _ baseline: SeededSummaries, maximalReward: Double?) {
    let (ours, theirs) = (MethodSummary.comparable(variant), MethodSummary.comparable(baseline))
    let common = ours.flatMap(\.seeds).filter(Set(theirs.flatMap(\.seeds)).contains)
    func rows(_ parts: SeededSummaries) -> [[MethodSummary.TaskRow]] {
      MethodSummary.rows(of: common.compactMap { seed in parts.first { $0.seeds.contains(seed) } })
    }
    let others = Dictionary(rows(theirs).map { ($0[0].task, $0) }, uniquingKeysWith: { first, _ in first })
    // If every attempt of one of the two failed, the task is left out.
    let pairs = rows(ours).compactMap { row in others[row[0].task].flatMap { Self.rewarded(row, $0) } }
    func estimate(_ value: (MethodSummary.TaskRow) -> Double?) -> MeanEstimate {
      MeanEstimate(
        present: pairs.map { (own, other) -> Double? in
          guard let own = own.mean(value), let other = other.mean(value) else { return nil }
          return own - other
        })
    }
    (method, particles, temperature) = (variant[0].method, variant[0].particles, variant[0].temperature)
    (resample, keep, policy) = (variant[0].resample, variant[0].keep, variant[0].policy)
    budget = variant[0].budget
    (against, againstParticles) = (baseline[0].method, baseline[0].particles)
    againstPolicy = baseline[0].policy
    tasks = pairs.count
    seeds = common
    rewardBest = estimate(\.rewardBest)
    rewardMean = estimate(\.rewardMean)
    rewardWeighted = estimate(\.rewardWeighted)
    solvedBest = maximalReward.map { most in estimate { $0.solved(at: most) } }
    interval =
      pairs.count < 2
      ? nil
      : Comparison.Intervals(
        rewardBest: rewardBest.interval, rewardMean: rewardMean.interval, rewardWeighted: rewardWeighted.interval,
        solvedBest: solvedBest?.interval)
  }

  /// The rows of a task at the seeds at which both have a reward; nil if there are none.
  private static func rewarded(
    _ ours: [MethodSummary.TaskRow], _ theirs: [MethodSummary.TaskRow]
  ) -> (ours: [MethodSummary.TaskRow], theirs: [MethodSummary.TaskRow])? {
    let both = zip(ours, theirs).filter { $0.rewardMean != nil && $1.rewardMean != nil }
    return both.isEmpty ? nil : (both.map(\.0), both.map(\.1))
  }
}

extension MethodSummary {
  /// Whether its attempts are independent, so that β affects only their weights.
  var isIndependent: Bool { Method(rawValue: method).map { !$0.isSteered } ?? false }
}
