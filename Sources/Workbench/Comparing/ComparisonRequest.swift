import Agents
import Findings
import ParticleFilter
import Steering

/// What to compare. Fields that are nil are taken from the configuration.
public struct ComparisonRequest: Sendable {
  /// The tasks; those of the test split unless chosen.
  public var tasks: TaskChoice
  /// The methods to compare.
  public var methods: [Method]?
  /// Values of N.
  public var particles: [Int]?
  /// Values of β, in reward units.
  public var temperatures: [Double]?
  /// When to resample; a nil element follows the plan.
  public var schedules: [Schedule?]?
  /// How many particles each checkpoint of a beam keeps.
  public var keep: Int?
  /// How a frontier search spends its calls.
  public var search = SearchRequest()
  /// Every variant is run with each seed; a task's result is its mean over them.
  public var seeds: [UInt64]?
  /// What best-of is given as much of as the steered methods of its N, on each task.
  public var equality: Equality
  /// A critic's file or name.
  public var critic: String?
  /// A plan's file; nil for the one beside the critic.
  public var plan: String?
  /// The curve to reduce the comparison to; nil for none.
  public var study: Comparison.Study?
  /// Whether the answers have the messages of their trajectories, too.
  public var hasMessages = false

  /// A request that follows the configuration in everything but the tasks and methods.
  public init(_ tasks: TaskChoice = TaskChoice(), methods: [Method]? = nil) {
    self.tasks = tasks
    self.methods = methods
    equality = .calls
  }
}

extension ComparisonRequest {
  /// How much of the chosen answers the summaries have.
  var detail: AnswerDetail { hasMessages ? .messages : .text }

  /// The settings to compare, method by method.
  ///
  /// - Parameters:
  ///   - particles: values of N if the request has none; nil for the configured one.
  ///   - critic: returns the critic of each method. nil if critics are not open yet and the settings are only checked.
  package func settings(
    _ workbench: Workbench, methods: [Method], particles standard: [Int]?,
    critic: ((Method) -> (any Critic)?)?
  ) async throws -> [SteeringSettings] {
    var base = workbench.configuration.steering
    if let keep { base.keep = keep }
    search.apply(to: &base.search)
    let counts = particles ?? standard ?? [base.particles]
    let schedules = schedules ?? [workbench.configuration.isAutomatic ? nil : base.schedule]
    var all: [SteeringSettings] = []
    for method in methods {
      let fixed = method.resamples ? schedules.compactMap(\.self) : [.never]
      all += Variants(
        methods: [method], particles: counts, temperatures: temperatures ?? [base.temperature], schedules: fixed
      ).settings(from: base)
      guard method.resamples, schedules.contains(nil) else { continue }
      guard let critic = critic?(method) else {
        // The plan's choice is not known yet. The other settings can be checked with a placeholder schedule.
        all += Variants(
          methods: [method], particles: counts, temperatures: temperatures ?? [base.temperature],
          schedules: [.effectiveSampleSize(below: 0.5)]
        ).settings(from: base)
        continue
      }
      for count in counts {
        for temperature in temperatures.map({ $0.map(Optional.some) }) ?? [nil] {
          var settings = base
          (settings.method, settings.particles) = (.amc, count)
          settings = try await workbench.planned(
            settings,
            by: PlanFlags(
              critic: try workbench.critic(of: method, flag: self.critic), temperature: temperature, plan: plan),
            critic: critic)
          settings.method = method
          if !all.contains(settings.effective) { all.append(settings.effective) }
        }
      }
    }
    return all
  }

  /// The settings and tasks to run, checked before anything is started.
  package struct Setup: Sendable {
    package let tasks: [AgentTask]
    package let split: Split?
    package let settings: [SteeringSettings]
    package let seeds: [UInt64]?

    package init(
      _ request: ComparisonRequest, _ workbench: Workbench, methods: [Method], particles: [Int]?,
      critic: ((Method) -> (any Critic)?)?
    ) async throws {
      (tasks, split) = try request.tasks.select(from: workbench.world, default: .test)
      seeds = request.seeds
      var settings = try await request.settings(workbench, methods: methods, particles: particles, critic: critic)
      for place in settings.indices {
        if settings[place].method == .auto, let critic = critic?(.auto) {
          settings[place] = try await workbench.chosen(
            settings[place], by: PlanFlags(critic: request.critic, plan: request.plan), critic: critic, tasks: tasks
          ).effective
        }
        settings[place] = try await workbench.priced(settings[place])
      }
      // The method chosen for `auto` may already be among the others.
      self.settings = settings.enumerated().filter { place, own in !settings[..<place].contains(own) }.map(\.element)
      for settings in settings { try workbench.check(settings, for: tasks) }
    }
  }
}
