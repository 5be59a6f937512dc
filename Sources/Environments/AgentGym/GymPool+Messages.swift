import Agents

/// Messages about failures, with advice on what to do next.
extension GymPool {
  func name(_ server: Int) -> String {
    "The server at \(urls.count == 1 ? "environment.url" : "environment.urls[\(server)]") (\(urls[server]))"
  }

  /// The error if no server was ever reachable.
  func nobody(_ failure: GymFailure) -> WorldError {
    let start = dialect.startCommand.map { "start it with `\($0)`" } ?? "start it"
    let who =
      urls.count == 1 ? name(0) : "None of the \(urls.count) servers of environment.urls can be reached; the last"
    return WorldError(
      .unavailable,
      "\(who) \(failure.reason) Is it running? If not, \(start), or correct environment.\(urls.count == 1 ? "url" : "urls")."
    )
  }

  /// A configuration error, with a guess at the right dialect if this one seems wrong.
  func explained(_ failure: GymFailure, at server: Int, _ taskName: String) async -> WorldError {
    if failure.kind == .foreign {
      let greeting = (try? await hello(server)) ?? nil
      return WorldError(
        .misconfigured, "\(name(server)) \(failure.reason) \(dialect.advice(after: failure, greeting: greeting))")
    }
    if failure.kind == .refused, failure.route == dialect.reset, !dialect.hasLost(failure) {
      return WorldError(
        .misconfigured,
        "\(name(server)) \(failure.reason). Check that it has the task \(taskName), or correct environment.tasks.")
    }
    return failure.error(at: name(server), taskName: taskName)
  }
}
