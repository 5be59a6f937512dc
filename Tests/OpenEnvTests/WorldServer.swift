import TestSupport

/// A real server of PyPI's openenv-core with one of the worlds of `Servers/worlds.py`.
enum WorldServer {
  /// Whether openenv-core is installed. Prints a message if it is not.
  static let isThere: Bool = {
    if !ChildServer.hasOpenEnv {
      print("No openenv-core in \(ChildServer.virtualEnvironment): what is tested against it is left out.")
    }
    return ChildServer.hasOpenEnv
  }()

  static func with<T: Sendable>(
    _ world: String = "lift", capacity: Int = 1, port: Int = 0, _ body: @Sendable (ChildServer) async throws -> T
  ) async throws -> T {
    try await ChildServer.with(
      ["OpenEnvTests/Servers/worlds.py", world, "--capacity", "\(capacity)", "--port", "\(port)"], body)
  }
}
