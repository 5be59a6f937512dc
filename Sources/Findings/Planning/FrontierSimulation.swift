import Agents
import ParticleFilter

extension Simulation {
  /// A frontier search of one task, simulated on stored rollouts: the real ``Frontier`` on states that stored rollouts
  /// passed.
  ///
  /// The first answer at a state follows the rollout that led there. Every further answer is drawn like a clone's
  /// continuation (see ``Continuations``).
  ///
  /// - Parameters:
  ///   - beliefs: the critic's predictions by path and step; nil where it gave none.
  ///   - isGuided: whether the critic chooses states. Otherwise the search is best-of with stopping.
  ///   - calls: the number of simulated calls.
  ///   - hasVerifier: if false, finished attempts count with the critic's estimate from their last state.
  /// - Returns: the true best reward against calls, or the true reward of the critic's choice without a verifier.
  func frontier(
    at task: Int, beliefs: [[ReturnDistribution?]], isGuided: Bool, rule: Frontier.Rule = Frontier.Rule(), calls: Int,
    hasVerifier: Bool = true, seed: Seed
  ) -> SearchCurve {
    var continuations = Continuations(space, task: task)
    var generator = seed.split("attempts").generator()
    var choosing = seed.split("frontier").generator()
    let limit = space.stepLimits[task]
    let guide = isGuided ? beliefs : nil
    var curve = SearchCurve()
    var frontier = Frontier(
      root: state(Place(path: space.pathsOfTask[task][0], step: 0, offset: 0), guide, limit: limit, parent: nil),
      rule: rule, maximum: maximum)
    // The position of each state on the paths. The root has none.
    var places: [Place?] = [nil]
    var chosen = -Double.infinity
    for call in 1...max(calls, 1) {
      let choice = frontier.choose(1, using: &choosing)
      guard let number = choice.first else {
        curve.end = call - 1
        break
      }
      let parent = frontier.choices[number].state
      let next = self.next(
        after: places[parent], draws: frontier.states[parent].draws, &continuations, &generator)
      let key =
        next.step < space.paths[next.path].length ? "\(space.paths[next.path].groups[next.step])" : "end \(next.path)"
      var child = state(next, guide, limit: limit, parent: frontier.states[parent])
      if child.isFinished {
        let reward = min(next.offset + space.paths[next.path].rewards[next.step], maximum)
        let worth = hasVerifier ? reward : estimate(next, beliefs) ?? reward
        child = Frontier.State(finishedAfter: next.step, reward: reward, worth: worth)
        if worth > chosen {
          chosen = worth
          // Without a verifier, a new choice may have a lower true reward.
          hasVerifier ? curve.note(reward, after: call) : curve.replace(reward, after: call)
        }
      }
      if frontier.add(child, key: key, for: number) != nil { places.append(next) }
    }
    if curve.end == nil, frontier.isSolved { curve.end = calls }
    return curve
  }

  /// The position of a state: a path, the steps taken, and the reward so far minus that of the path at this step.
  private struct Place {
    var path: Int
    var step: Int
    var offset: Double
  }

  private func next(
    after place: Place?, draws: Int, _ continuations: inout Continuations, _ generator: inout SplitMix64
  ) -> Place {
    guard let place else { return Place(path: continuations.attempt(using: &generator), step: 1, offset: 0) }
    guard draws > 0 else { return Place(path: place.path, step: place.step + 1, offset: place.offset) }
    let path = continuations.continuation(of: place.path, after: place.step, using: &generator)
    let paid = place.offset + space.paths[place.path].rewards[place.step]
    return Place(path: path, step: place.step + 1, offset: paid - space.paths[path].rewards[place.step])
  }

  private func state(
    _ place: Place, _ beliefs: [[ReturnDistribution?]]?, limit: Int, parent: Frontier.State?
  ) -> Frontier.State {
    let path = space.paths[place.path]
    let paid = min(place.offset + path.rewards[place.step], maximum)
    guard place.step < min(path.length, limit) else {
      return Frontier.State(finishedAfter: place.step, reward: paid, worth: paid)
    }
    let raw = beliefs?[place.path][place.step]
    // As in a real search: a prediction like the root's is not spread differently.
    let left = raw == beliefs?[place.path][0] ? limit : limit - place.step
    let belief = beliefs.map { $0[place.path][place.step]?.spread(over: maximum, share: Double(left) / Double(limit)) }
    let inherited = parent?.returnToGo.shifted(by: parent.map { $0.reward - paid } ?? 0) ?? .point(0)
    // Best-of has no predictions, so every state has the same expected return.
    return Frontier.State(
      step: place.step, callsLeft: limit - place.step, reward: paid,
      returnToGo: belief.map { $0 ?? inherited } ?? .point(0))
  }

  /// The critic's estimate of the total reward of an attempt with its last reward hidden, taken from the state before
  /// the last step.
  private func estimate(_ place: Place, _ beliefs: [[ReturnDistribution?]]) -> Double? {
    guard place.step > 0 else { return nil }
    return beliefs[place.path][place.step - 1].map {
      place.offset + space.paths[place.path].rewards[place.step - 1] + $0.mean
    }
  }
}
