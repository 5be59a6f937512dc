import Agents

/// Receives what happens in runs while they go on, for traces. Its methods are called from any thread, on the path of
/// every step: they return at once.
package protocol RunTracer: Sendable {
  /// Whether the steps of a task are wanted.
  func traces(_ task: TaskID) -> Bool

  /// A run has begun.
  func began(_ run: RunTrace)

  /// A step was taken, or an attempt failed at it.
  func stepped(_ step: StepTrace)

  /// A task is done.
  func finished(_ result: PopulationResult, of run: String)

  /// No more of this run is to come.
  ///
  /// - Parameter stopped: why tasks are missing; nil if none is.
  func ended(_ run: String, stopped: SteeringError?)
}

/// What a trace says about a run.
package struct RunTrace: Sendable {
  /// The run's id.
  package let run: String
  package let verb: String
  package let settings: SteeringSettings
  package let world: WorldIdentity
  package let policy: String
  package let critic: String?

  init(_ campaign: Campaign) {
    run = campaign.run
    (verb, settings) = (campaign.verb, campaign.settings)
    (world, policy, critic) = (campaign.world.identity, campaign.policy.identity, campaign.critic?.identity)
  }

  /// Whether places are choices of a search tree instead of attempts.
  package var isSearch: Bool { settings.method.driver == .frontier }
}

/// One step with its times.
package struct StepTrace: Sendable {
  /// A stretch of time on the process's continuous clock.
  package struct Interval: Sendable {
    package let start: ContinuousClock.Instant
    package let end: ContinuousClock.Instant

    package init(start: ContinuousClock.Instant, end: ContinuousClock.Instant) { (self.start, self.end) = (start, end) }
  }

  /// The place in the run. A population's particle, or the number of a search's choice.
  package let key: CallKey
  /// From the question to the outcome.
  package let whole: Interval
  /// The model call, its waits included; nil if the answer to another state's question was used.
  package let call: Interval?
  /// The step in the world; nil if its outcome was read from the store.
  package let world: Interval?
  /// The question; nil where content is not wanted.
  package var request: PolicyRequest?
  /// nil if the policy gave none.
  package let response: PolicyResponse?
  package let action: Action?
  package let outcome: Outcome?
  /// The sum of the attempt's rewards so far.
  package let reward: Double
  /// Why the attempt failed at this step; nil if it did not.
  package let failure: AttemptFailure?
}

/// Takes the times of a step.
struct StepClock: Sendable {
  private let start = ContinuousClock.now
  private var answered: ContinuousClock.Instant?
  private var left: ContinuousClock.Instant?
  private var returned: ContinuousClock.Instant?

  /// nil if the task is not traced.
  init?(_ context: RunContext, task: TaskID) {
    guard let tracer = context.tracer, tracer.traces(task) else { return nil }
  }

  mutating func called() { answered = .now }
  mutating func stepping() { left = .now }
  mutating func stepped() { returned = .now }

  var call: StepTrace.Interval? { answered.map { StepTrace.Interval(start: start, end: $0) } }
  var world: StepTrace.Interval? {
    left.map { StepTrace.Interval(start: $0, end: returned ?? .now) }
  }
  var whole: StepTrace.Interval { StepTrace.Interval(start: start, end: .now) }
}

extension Particle {
  /// Reports the step that has just ended to the tracer, if its task is traced.
  mutating func trace(
    _ response: PolicyResponse?, _ action: Action?, _ outcome: Outcome?, to request: PolicyRequest,
    in context: RunContext
  ) {
    guard let clock = traced.take(), let tracer = context.tracer else { return }
    tracer.stepped(
      StepTrace(
        key: request.key, whole: clock.whole, call: clock.call, world: clock.world, request: request,
        response: response, action: action, outcome: outcome, reward: trajectory.reward, failure: failure))
  }
}
