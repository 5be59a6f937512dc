import Agents
import Steering

extension Workbench {
  /// Runs `body` with a service that does tasks as they are asked for, by the method of a request. Which tasks the
  /// request has does not matter.
  package func serve<T: Sendable>(
    _ request: SteerRequest, _ body: (TaskService) async throws -> T
  ) async throws -> T {
    let finder = try TaskFinder(world)
    guard !finder.tasks.isEmpty || finder.takesDescriptions else {
      throw ConfigurationError("The configuration has no task to serve: set environment.tasks.")
    }
    return try await withSettings(of: request, for: finder.samples()) { settings, critic in
      try await withPolicy(budget: budget) { run in
        try await body(TaskService(run, finder, settings: settings, critic: critic))
      }
    }
  }
}
