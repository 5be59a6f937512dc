import Agents

/// An attempt at a task, and what came of it.
package struct PlayedAttempt: Sendable {
  package let id: TaskID
  package let actions: [String]
  package let opening: Observation
  package let outcomes: [Outcome]

  package init(_ id: TaskID, _ actions: [String], _ played: (opening: Observation, outcomes: [Outcome])) {
    (self.id, self.actions) = (id, actions)
    (opening, outcomes) = played
  }
}

extension World {
  /// Takes these actions from the start of a task, up to its end.
  package func play(_ actions: [String], _ id: TaskID) async throws -> (opening: Observation, outcomes: [Outcome]) {
    var (episode, opening) = try await begin(try task(id))
    var outcomes: [Outcome] = []
    do {
      for action in actions {
        outcomes.append(try await episode.step(.act(action)))
        if outcomes.last?.isDone == true { break }
      }
    } catch {
      await episode.close()
      throw error
    }
    await episode.close()
    return (opening, outcomes)
  }
}

extension [PlayedAttempt] {
  /// Plays the attempts again, step by step in a random order, many at a time.
  ///
  /// - Parameter world: the world of each attempt, by place.
  /// - Returns: what went otherwise, a text for each opening and step.
  package func playedInTurns(in world: (Int) throws -> any World, seed: UInt64) async throws -> [String] {
    var differences: [String] = []
    var generator = Seed(seed).generator()
    var open: [(attempt: PlayedAttempt, episode: any Episode, next: Int)] = []
    var waiting = indices
    while !waiting.isEmpty || !open.isEmpty {
      let place = generator.number(below: open.count + (waiting.isEmpty ? 0 : 1))
      guard place < open.count else {
        let number = waiting.removeFirst()
        let (attempt, world) = (self[number], try world(number))
        let (episode, opening) = try await world.begin(try world.task(attempt.id))
        if opening != attempt.opening { differences.append("the opening of \(world.identity) \(attempt.id)") }
        open.append((attempt, episode, 0))
        continue
      }
      let (attempt, step) = (open[place].attempt, open[place].next)
      let outcome = try await open[place].episode.step(.act(attempt.actions[step]))
      if outcome != attempt.outcomes[step] { differences.append("\(attempt.id), step \(step): \(outcome)") }
      open[place].next += 1
      if open[place].next == attempt.outcomes.count { await open.remove(at: place).episode.close() }
    }
    return differences
  }
}
