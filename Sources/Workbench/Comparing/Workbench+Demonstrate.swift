import Agents
import Critics
import Findings
import Reporting
import Steering

extension Workbench {
  /// The whole workflow on one configuration: collects, trains, plans and compares single, best-of-N, amc and frontier
  /// search on the test split at equal calls.
  ///
  /// - Parameters:
  ///   - rollouts: attempts at each task of the train and validation splits.
  ///   - heading: called with the result of each part.
  package func demonstrate(
    rollouts: Int, heading: (String) -> Void
  ) async throws -> (comparison: Comparison, compared: Compared) {
    let configured = configuration.steering
    let tasks = try world.tasks(in: .test)
    try check(configured, for: tasks)
    let compared = try await withRun { run in
      heading("1/4  Collecting rollouts of the frozen policy: \(policyIdentity)")
      try await run.collectForTraining(rollouts: rollouts) { heading($0.text) }
      heading("\n2/4  Training the critic")
      heading(try await train(TreesKind.name).text)
      let critic = try critic(TreesKind.name)
      var settings = configured
      heading("\n3/4  Planning from the stored rollouts alone")
      let plan = try await makePlan(critic: critic, settings: configured)
      try OutputFile.write(json: plan, to: planPath(nil))
      heading(PlanTable(plan, answer: configured.answer).text)
      if configuration.isAutomatic {
        settings = try await planned(configured, by: PlanFlags(), critic: critic)
      }
      heading("\n4/4  Comparing on \(tasks.count) held-out tasks at equal model calls, and the search at half of them")
      return try await run.compare(
        [Method.single, .bestOf, .amc, .frontier].map { method in
          var settings = settings
          settings.method = method
          // Half the calls of the others are enough. Four states at a time share prompts, which halves the input.
          if method == .frontier {
            settings.search.calls = settings.particles * (tasks.first?.stepLimit ?? 1) / 2
            settings.search.width = 4
          }
          return settings.effective
        }, on: tasks, split: .test, critic: { _ in critic })
    }
    return (finish(compared, critic: nil), compared)
  }
}
