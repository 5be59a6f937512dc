import Agents

/// One episode of a program.
struct ProgramEpisode: Episode {
  let world: ProgramWorld
  let worker: ProgramWorker
  let number: Int
  let task: AgentTask

  mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    let number = number
    let answer = world.isConversation ? SpokenAnswer(action) : nil
    let reply = try await worker.ask {
      ProgramRequest(
        id: $0, op: .step, episode: number, action: action.text, parsed: action.isParsed, answer: answer?.message,
        calls: answer?.calls)
    }
    var outcome = Outcome(
      try world.observation(reply, to: "step"), reward: reply.paid, isDone: reply.done ?? false,
      isInvalid: reply.invalid ?? false)
    outcome.rewards = reply.rewards ?? [:]
    if outcome.isDone, reply.pending == true { try await addScore(to: &outcome) }
    return outcome
  }

  /// Waits for a reward that was not known at the end.
  private func addScore(to outcome: inout Outcome) async throws(WorldError) {
    let number = number
    let score = try await worker.ask(timeout: world.settings.scoreTimeout) {
      ProgramRequest(id: $0, op: .score, episode: number)
    }
    guard score.reward != nil || score.rewards != nil else {
      throw WorldError(.misconfigured, "The program answered score without a reward.")
    }
    outcome.reward += score.paid
    outcome.rewards.merge(score.rewards ?? [:]) { $0 + $1 }
  }

  func fork() async throws(WorldError) -> (any Episode)? {
    let (number, task, copy) = (number, task, world.nextEpisode())
    if world.hello.forks == true {
      _ = try await worker.ask {
        ProgramRequest(id: $0, op: .fork, episode: number, copy: copy, task: task.id.rawValue)
      }
    } else if world.hello.snapshots == true {
      let state = try await worker.ask { ProgramRequest(id: $0, op: .snapshot, episode: number) }
      _ = try await worker.ask {
        ProgramRequest(
          id: $0, op: .restore, episode: copy, task: task.id.rawValue, description: task.description,
          snapshot: state.snapshot ?? .null)
      }
    } else {
      return nil
    }
    return ProgramEpisode(world: world, worker: worker, number: copy, task: task)
  }

  func close() async {
    let number = number
    _ = try? await worker.ask { ProgramRequest(id: $0, op: .close, episode: number) }
  }
}

extension AgentTask {
  /// The text that the task was made of; nil for a task that the program lists.
  var description: String? { isDescribed ? request : nil }
}
