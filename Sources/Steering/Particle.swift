import Agents

/// One trajectory of a population, in progress.
struct Particle: Sendable {
  var trajectory: Trajectory
  var episode: any Episode
  /// Why it could not go on, or nil.
  var failure: String?
  /// What it asked since the last checkpoint.
  var calls = 0
  var usage = Usage()

  var isOver: Bool { trajectory.isFinished || failure != nil }

  /// Goes on to the end of the segment, or to its own.
  ///
  /// A failure that concerns this particle alone is noted in it; any other is thrown.
  mutating func advance(through segment: Segment, at place: Int) async throws {
    let (policy, suite) = (segment.policy, segment.suite)
    let format = policy.format
    let task = trajectory.task
    let ownTools = suite.tools(for: task)
    let seed = CallKey.seed(ofTask: task.id, particle: place, from: segment.root)
    while trajectory.count < segment.end, !isOver {
      let key = CallKey(run: segment.run, task: task.id, particle: place, step: trajectory.count)
      let choices = trajectory.observation.choices
      let tools = format.tools(ownTools, choices: choices)
      let request = PolicyRequest(
        transcript: format.applied(to: suite.transcript(for: trajectory)), choices: choices, tools: tools,
        seed: seed.split(key.step), key: key)
      let response: PolicyResponse
      do throws(PolicyError) {
        response = try await policy.respond(to: request)
      } catch {
        guard error.concernsOneCall else { throw error }
        failure = error.message
        return
      }
      calls += 1
      usage += response.usage
      let action = format.action(in: response.text, choices: choices, tools: tools)
      let outcome = try await episode.step(action)
      guard outcome.reward.isFinite else {
        throw EnvironmentError(
          .misconfigured,
          "The environment paid \(outcome.reward) for step \(trajectory.count + 1) of task \(key.task); a reward is finite."
        )
      }
      trajectory.append(Step(response: response.text, action: action, outcome: outcome))
    }
  }
}

/// A stretch between two checkpoints, the same for all particles and shared by them.
final class Segment: Sendable {
  let policy: any Policy
  let suite: any TaskSuite
  let run: String
  let root: Seed
  /// How many steps a particle has taken when it stops.
  let end: Int

  init(policy: any Policy, suite: any TaskSuite, run: String, root: Seed, end: Int) {
    self.policy = policy
    self.suite = suite
    self.run = run
    self.root = root
    self.end = end
  }
}

/// How forks went.
struct ForkTally: Sendable {
  /// Replayed steps whose text differed from the recorded one.
  var mismatches = 0
}

extension Particle {
  /// An independent copy: a snapshot where the episode can copy itself, else a replay in a fresh episode.
  func forked(
    in suite: any TaskSuite, divergence: DivergencePolicy, tally: inout ForkTally
  ) async throws -> Particle {
    var copy = self
    // Nothing continues from a particle that is over: its past is enough.
    if isOver {
      copy.episode = EndedEpisode()
      return copy
    }
    if let episode = try await episode.fork() {
      copy.episode = episode
      return copy
    }
    for _ in 0..<(divergence == .retry ? 3 : 1) {
      let (episode, hasDiverged) = try await replay(in: suite, tally: &tally)
      copy.episode = episode
      if !hasDiverged || divergence == .keep { return copy }
      await episode.close()
    }
    copy.episode = EndedEpisode()
    copy.failure = "The replay of \(trajectory.count) steps paid or ended otherwise than the recorded episode."
    return copy
  }

  /// Takes the recorded actions in a fresh episode and compares what comes back.
  private func replay(
    in suite: any TaskSuite, tally: inout ForkTally
  ) async throws -> (episode: any Episode, hasDiverged: Bool) {
    var (episode, opening) = try await suite.begin(trajectory.task)
    do {
      if opening.text != trajectory.opening.text { tally.mismatches += 1 }
      for step in trajectory.steps {
        let outcome = try await episode.step(step.action)
        if outcome.observation.text != step.outcome.observation.text { tally.mismatches += 1 }
        // Rewards are sums of decimals, which a world may compute in another order.
        if abs(outcome.reward - step.outcome.reward) > 1e-6 || outcome.isDone != step.outcome.isDone {
          return (episode, true)
        }
      }
      return (episode, false)
    } catch {
      await episode.close()
      throw error
    }
  }
}

/// Stands where a particle that is over needs no world any more.
struct EndedEpisode: Episode {
  mutating func step(_ action: Action) throws(EnvironmentError) -> Outcome {
    throw EnvironmentError(.diverged, "A step was taken after the end of an episode.")
  }
}
