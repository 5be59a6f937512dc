// The snippet of Documentation/your-own-world.md, with the definitions that it needs.

import Coxswain

private typealias MyWorld = Additions

/// A stand-in for the reader's own client.
private func ask(_ transcript: Transcript) async -> String { "3" }

func closures() async throws {
  let tasks = try MyWorld().tasks(in: .test)
  // snippet: closures
  let episode = ClosureEpisode(state: 0) { count, action in
    count += 1
    return Outcome(Observation("\(count)"), reward: action.text == "up" ? 1 : 0, isDone: count == 3)
  }
  let policy = ClosurePolicy("my client") { request in PolicyResponse(await ask(request.transcript)) }
  let critic = ClosureCritic("heads so far") { state in Double(state.actions.count { $0 == "heads" }) / 10 }

  let campaign = Campaign(world: MyWorld(), policy: policy, critic: critic, settings: SteeringSettings(particles: 8))
  let outcome = try await campaign.run(tasks)
  // end snippet
  print(try await episode.fork() != nil, outcome.results.count)
}
