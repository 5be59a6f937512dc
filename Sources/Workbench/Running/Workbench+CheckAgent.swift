import Agents
import Gateway

extension Workbench {
  /// Plays an attempt of an agent's own program at each task and replays it twice.
  ///
  /// - Returns: nil in a world that is no agent's program.
  package func checkAgent(_ tasks: [AgentTask]) async throws -> [AgentCheck.Finding]? {
    guard let world = world as? AgentWorld else { return nil }
    return try await withRun { run in
      var findings: [AgentCheck.Finding] = []
      for task in tasks {
        let check = AgentCheck(world) { request throws(PolicyError) in try await run.answer(request) }
        findings += try await check.run(task, seed: Seed(configuration.steering.seed).split(task.id.rawValue))
      }
      return findings
    }
  }
}
