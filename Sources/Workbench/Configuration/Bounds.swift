import Steering

/// The largest numbers that are taken. Beyond them lies no use, only a slip of the finger that fills the memory or never ends.
enum Bounds {
  static let particles = SteeringSettings.mostParticles
  /// Attempts at a task.
  static let rollouts = SteeringSettings.mostParticles
  /// Calls in flight, and what has one of something for each.
  static let concurrency = 65_536
  static let threads = 1_024
  /// Of an answer, or of a context.
  static let tokens = 16_777_216
  /// Of memory: a pebibyte.
  static let megabytes = 1 << 30
  /// Of programs at a time.
  static let processes = 1_024
  /// Of an attempt, or of an optimiser.
  static let steps = 10_000_000
  /// Of anything else.
  static let count = 10_000_000

  /// What is wrong with a number, in words, or nil.
  static func problem(_ value: Int?, _ name: String, least: Int = 1, most: Int) -> String? {
    guard let value else { return nil }
    if value < least { return "\(name) is \(value); at least \(least)." }
    if value > most { return "\(name) is \(value); at most \(most)." }
    return nil
  }
}
