import Agents
import WorldKit

/// One trajectory of a population, in progress.
struct Particle: Sendable {
  var trajectory: Trajectory
  /// The episode in which it continues. It is a placeholder while the particle ``isBehind``.
  var episode: any Episode
  /// Whether the world must be opened and all steps replayed in it before the next step.
  var isBehind = false
  /// Replayed texts that differed from the recorded ones.
  var mismatches = 0
  /// Why the attempt failed, or nil. A failed particle has no weight and no reward.
  var failure: AttemptFailure?
  /// The number of calls since the last checkpoint.
  var calls = 0
  var usage = Usage()
  /// What the outcome of the next action depends on; nil until it is asked for.
  var past: OutcomeLog.Past?
  /// When the step in progress began and its call ended; nil if the task is not traced.
  var traced: StepClock?

  var isOver: Bool { trajectory.isFinished || failure != nil }

  /// Continues to the end of the segment or of the episode.
  ///
  /// A failure of this particle alone is recorded in it. Other errors are thrown.
  mutating func advance(through segment: Segment, at place: Int) async throws {
    while trajectory.count < segment.end, !isOver {
      let request = try await request(in: segment.context, at: place)
      guard let response = try await answer(to: request, in: segment.context) else { return }
      try await take(response, to: request, in: segment, at: place)
    }
  }

  /// The next question.
  func request(in context: RunContext, at place: Int) async throws(WorldError) -> PolicyRequest {
    let task = trajectory.task.id
    let key = CallKey(run: context.run, task: task, particle: place, step: trajectory.count)
    let seed = CallKey.seed(ofTask: task, particle: place, from: context.root)
    guard let world = context.world as? any QuestionWorld else {
      return PolicyRequest(
        after: trajectory, in: context.world, format: context.policy.format, seed: seed.split(key.step), key: key)
    }
    let known = isBehind ? nil : await (episode as? any QuestionEpisode)?.openQuestion
    return try PolicyRequest(after: trajectory, asking: world, known: known, seed: seed.split(key.step), key: key)
  }

  /// Asks the policy. nil if the particle failed at this question.
  mutating func answer(to request: PolicyRequest, in context: RunContext) async throws -> PolicyResponse? {
    let response: PolicyResponse
    traced = StepClock(context, task: trajectory.task.id)
    do throws(PolicyError) {
      response = try await context.policy.respond(to: request)
    } catch {
      traced?.called()
      guard error.concernsOneCall else { throw error }
      await fail(AttemptFailure(error))
      trace(nil, nil, nil, to: request, in: context)
      return nil
    }
    traced?.called()
    calls += context.policy.computesAnswers ? 0 : 1
    usage += response.usage
    return response
  }

  /// Takes the step that an answer chose.
  mutating func take(
    _ response: PolicyResponse, to request: PolicyRequest, in segment: Segment, at place: Int
  ) async throws {
    let action =
      request.question == nil
      ? segment.context.policy.format.action(in: response.text, choices: request.choices, tools: request.tools)
      : .answer(response.text, inFull: response.continuation)
    if traced == nil { traced = StepClock(segment.context, task: trajectory.task.id) }
    guard let outcome = try await outcome(of: action, in: segment, at: place) else {
      trace(response, action, nil, to: request, in: segment.context)
      return
    }
    var step = Step(response: response.text, action: action, outcome: outcome)
    step.continuation = response.continuation
    trajectory.append(step)
    past?.add(step)
    trace(response, action, outcome, to: request, in: segment.context)
  }
}

extension Particle {
  /// A particle whose world could not be opened.
  init(failed failure: AttemptFailure, task: AgentTask) {
    self.init(
      trajectory: Trajectory(task: task, opening: Observation("")), episode: EndedEpisode(), failure: failure)
  }

  /// nil if outcomes are not stored.
  private mutating func turn(in segment: Segment, at place: Int) -> OutcomeLog.Turn? {
    guard let log = segment.outcomes else { return nil }
    let known = past.flatMap { $0.steps == trajectory.count ? $0 : nil } ?? OutcomeLog.Past(trajectory)
    past = known
    return OutcomeLog.Turn(log: log, past: known, place: place)
  }

  /// The outcome from the world or from the store. nil if the particle failed at this action.
  private mutating func outcome(of action: Action, in segment: Segment, at place: Int) async throws -> Outcome? {
    let turn = turn(in: segment, at: place)
    do {
      if isBehind {
        switch try await turn?.recorded(of: action) {
        case .outcome(let outcome)?:
          try segment.world.check(outcome, after: trajectory)
          return outcome
        case .failure(let failure)?:
          await fail(failure)
          return nil
        case nil: try await catchUp(in: segment.world, divergence: segment.settings.divergence)
        }
      }
      traced?.stepping()
      let outcome = try await episode.step(action)
      traced?.stepped()
      try segment.world.check(outcome, after: trajectory)
      try await turn?.record(outcome, of: action)
      return outcome
    } catch let error as WorldError where segment.settings.fails(over: error) {
      let failure = AttemptFailure(error)
      // In a guided run the other particles depend on this failure, so it is stored. In other runs the next run tries
      // again.
      if segment.settings.isGuided { try await turn?.record(Outcome(Observation("")), of: action, failure: failure) }
      await fail(failure)
      return nil
    }
  }

  /// Records the failure and closes the episode, since others may wait for its place in the world.
  private mutating func fail(_ failure: AttemptFailure) async {
    self.failure = failure
    mismatches += await episode.recoveryMismatches
    await episode.close()
    episode = EndedEpisode()
  }

  /// Opens the world and replays every step so far.
  ///
  /// - Throws: `diverged` if the replay differs from the record, and the world's own errors.
  private mutating func catchUp(in world: any World, divergence: DivergencePolicy) async throws {
    for attempt in 0..<(divergence == .retry ? 3 : 1) {
      do {
        let (episode, hasDiverged) = try await replay(in: world, keepsDivergences: divergence == .keep)
        if !hasDiverged || divergence == .keep {
          (self.episode, isBehind) = (episode, false)
          return
        }
        await episode.close()
      } catch let error as WorldError where error.kind == .diverged && world is any QuestionWorld {
        // The error shows what differs.
        if divergence != .retry || attempt == 2 { throw error }
      }
    }
    let advice = world.divergenceAdvice.map { " \($0)" } ?? ""
    throw WorldError(
      .diverged,
      "The replay of \(trajectory.count) steps paid or ended differently from the recorded episode.\(advice)")
  }

  /// Takes the recorded actions in a fresh episode and compares the outcomes.
  private mutating func replay(
    in world: any World, keepsDivergences: Bool
  ) async throws -> (episode: any Episode, hasDiverged: Bool) {
    if let world = world as? any QuestionWorld {
      let (episode, differing) = try await world.resume(trajectory, keepsDivergences: keepsDivergences)
      mismatches += differing
      return (episode, false)
    }
    var (episode, opening) = try await world.begin(trajectory.task)
    var comparison = ReplayComparison()
    defer { mismatches += comparison.mismatches }
    // A different opening text is only counted. Divergence is decided by the rewards and the end.
    _ = comparison.compare(opening: opening, with: trajectory.opening)
    do {
      let steps = trajectory.steps.lazy.map { (action: $0.action, outcome: $0.outcome) }
      let divergence = try await comparison.replay(steps, in: &episode)
      return (episode, divergence != nil)
    } catch {
      await episode.close()
      throw error
    }
  }

  /// An independent copy: a snapshot if the episode can copy itself, otherwise a particle that replays the past before
  /// its next step.
  func forked() async throws -> Particle {
    var copy = self
    copy.mismatches = 0
    // A particle that is over needs no episode.
    if !isOver, !isBehind, let episode = try await snapshot() {
      copy.episode = episode
    } else {
      (copy.episode, copy.isBehind) = (EndedEpisode(), true)
    }
    return copy
  }

  /// nil if the world cannot copy itself or fails to.
  private func snapshot() async throws -> (any Episode)? {
    do throws(WorldError) { return try await episode.fork() } catch {
      guard error.kind != .cancelled else { throw error }
      return nil
    }
  }
}

extension SteeringSettings {
  /// Whether an error of an open world ends only the attempt. A diverged replay never ends the run, nor does an attempt
  /// that failed by the world's own word.
  func fails(over error: WorldError) -> Bool {
    error.kind != .cancelled && (onEnvironmentError == .fail || error.kind == .diverged || error.kind == .failed)
  }

  /// Whether an error on opening a task ends only the attempt. A configuration error would fail every other attempt
  /// too.
  func failsToOpen(over error: WorldError) -> Bool {
    fails(over: error) && error.kind != .misconfigured && error.kind != .unknownTask
  }
}

/// A stretch between two checkpoints, shared by all particles.
final class Segment: Sendable {
  let context: RunContext
  /// The number of steps at which particles stop.
  let end: Int

  init(_ context: RunContext, end: Int) {
    self.context = context
    self.end = end
  }

  var world: any World { context.world }
  var settings: SteeringSettings { context.settings }
  var outcomes: OutcomeLog? { context.outcomes }
}

/// A placeholder for particles that need no world any more.
struct EndedEpisode: Episode {
  mutating func step(_ action: Action) throws(WorldError) -> Outcome {
    throw WorldError(.diverged, "A step was taken after the end of an episode.")
  }
}
