import Agents
import Findings
import ParticleFilter
import Reporting
import Steering

/// The quantity in which best-of equals the steered methods of its N on each task: model calls or money.
public enum Equality: String, CaseIterable, Sendable { case calls, cost }

/// The result of a comparison, complete or not.
package struct Compared: Sendable {
  /// One summary for each variant and seed; see ``Comparison/init(_:maximalReward:total:study:)``.
  package var summaries: [MethodSummary] = []
  /// The results of the first steered variant at the first seed, for pictures.
  package var steered: [PopulationResult] = []
  package var stopped: SteeringError?
  package var spent = Spending()
  package var maximalReward: Double?

  /// The reason if the comparison is incomplete or empty, otherwise nil.
  package var end: SteeringError? { stopped ?? failure }

  /// The reason if no variant has a reward, otherwise nil.
  private var failure: SteeringError? {
    guard stopped == nil, !summaries.isEmpty, summaries.allSatisfy({ $0.tasksWithReward == 0 }) else { return nil }
    return firstFailure
  }

  /// The failure of the first variant whose attempts all failed.
  package private(set) var firstFailure: SteeringError?
}

extension Run {
  /// Runs variants on the same tasks, one pass for each seed. Independent attempts receive at least as much as the most
  /// expensive steered variant of their N used.
  ///
  /// - Parameters:
  ///   - all: the variants.
  ///   - seeds: nil for the seed of the settings.
  ///   - equality: the quantity in which variants are equal; nil for none.
  ///   - critic: returns the critic of each method.
  ///   - policy: the policy's name, if several are compared.
  ///   - detail: how much of the chosen answers the summaries have.
  package func compare(
    _ all: [SteeringSettings], on tasks: [AgentTask], split: Split?, seeds: [UInt64]? = nil,
    equality: Equality? = .calls, critic: (Method) -> (any Critic)?, policy: String? = nil,
    detail: AnswerDetail = .text
  ) async throws -> Compared {
    let all = all.map { settings in
      var settings = settings
      settings.answer = .sample
      return settings
    }
    let seeds = seeds ?? [workbench.configuration.steering.seed]
    var found: [Int: [(settings: SteeringSettings, outcome: Campaign.Outcome)]] = [:]
    var compared = Compared(maximalReward: workbench.world.maximalReward)
    var number = 0
    for seed in seeds where compared.stopped == nil {
      var calls: [Int: [TaskID: Int]] = [:]
      var cost: [Int: [TaskID: Double]] = [:]
      for place in Variants.order(of: all) where compared.stopped == nil {
        number += 1
        var variant = all[place]
        variant.seed = seed
        let outcome = try await steer(
          tasks, split: split, settings: variant, critic: critic(variant.method), verb: "compare",
          minimumCalls: variant.method.isBaseline ? calls[variant.particles] ?? [:] : [:],
          minimumCost: variant.method.isBaseline ? cost[variant.particles] ?? [:] : [:],
          calls: variant.search.calls == nil ? calls[variant.particles].map { $0.values.reduce(0, +) } : nil,
          title: title(variant, number, of: all.count * seeds.count, seed: seeds.count > 1 ? seed : nil))
        compared.stopped = outcome.stopped
        compared.note(outcome)
        found[place, default: []].append((variant, outcome))
        if variant.method.driver == .frontier {
          // In a frontier search, solved tasks leave their calls to the others. Therefore only the sum over tasks is
          // made equal.
          guard equality == .calls, calls[variant.particles] == nil else { continue }
          let share = (outcome.calls + tasks.count - 1) / tasks.count
          calls[variant.particles] = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, share) })
          continue
        }
        guard variant.method.isSteered else { continue }
        if compared.steered.isEmpty { compared.steered = outcome.results }
        for result in outcome.results {
          let task = result.task.id
          switch equality {
          case .calls: calls[variant.particles, default: [:]][task, default: 0].raise(to: result.calls)
          case .cost:
            cost[variant.particles, default: [:]][task, default: 0]
              .raise(
                to: workbench.pricing.cost(of: result.usage)
                  + outcome.criticCost / Double(outcome.results.count))
          case nil: break
          }
        }
      }
    }
    for place in all.indices {
      let temperatures = Self.temperatures(all[place], comparedWith: all)
      for temperature in temperatures {
        for (settings, outcome) in found[place] ?? [] {
          var settings = settings
          settings.temperature = temperature
          compared.summaries.append(
            summary(
              temperature == all[place].temperature ? outcome : outcome.weighed(atTemperature: temperature),
              settings: settings, policy: policy, detail: detail))
        }
      }
    }
    compared.spent = await budget.spent
    return compared
  }

  /// The β of a variant. Independent attempts are also weighted at each β of the steered variants that are compared
  /// with them.
  private static func temperatures(_ variant: SteeringSettings, comparedWith all: [SteeringSettings]) -> [Double] {
    guard !variant.method.isSteered else { return [variant.temperature] }
    return all.reduce(into: [variant.temperature]) { temperatures, other in
      if other.method.isSteered, !temperatures.contains(other.temperature) { temperatures.append(other.temperature) }
    }
  }

  private func title(_ settings: SteeringSettings, _ number: Int, of count: Int, seed: UInt64?) -> String {
    var parts = ["\(number)/\(count) \(settings.method.rawValue) × \(settings.particles)"]
    if settings.schedule != .never { parts.append("\(settings.schedule) β \(Format.short(settings.temperature))") }
    if let seed { parts.append("seed \(seed)") }
    return parts.joined(separator: ", ")
  }
}

extension Compared {
  fileprivate mutating func note(_ outcome: Campaign.Outcome) { firstFailure = firstFailure ?? outcome.failure() }
}

extension Comparable {
  fileprivate mutating func raise(to value: Self) { self = max(self, value) }
}
