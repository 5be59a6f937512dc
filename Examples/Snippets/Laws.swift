// The snippet on laws of Documentation/your-own-world.md, with the definitions that it needs.

import Coxswain
import CoxswainTesting

private typealias MyWorld = Additions

func laws() async throws {
  let policy = ClosurePolicy("three") { _ in PolicyResponse("3") }
  let critic = ClosureCritic("heads so far") { state in Double(state.actions.count { $0 == "heads" }) / 10 }
  // snippet: laws
  try await WorldLaws(MyWorld(), actions: ["look", "go north"]).hold()
  try await PolicyLaws(policy, repeatsItself: true).hold()
  try await CriticLaws(critic, maximalReward: 1).hold()
  // end snippet
}
