import Steering

/// The largest numbers that are taken. Beyond them lies no use, only a slip of the finger that fills the memory or never ends.
package enum Bounds {
  package static let particles = SteeringSettings.mostParticles
  /// Attempts at a task.
  package static let rollouts = SteeringSettings.mostParticles
  /// Calls in flight, and what has one of something for each.
  package static let concurrency = 65_536
  package static let threads = 1_024
  /// Of an answer, or of a context.
  package static let tokens = 16_777_216
  /// Of memory: a pebibyte.
  package static let megabytes = 1 << 30
  /// Of programs at a time.
  package static let processes = 1_024
  /// Of an attempt, or of an optimiser.
  package static let steps = 10_000_000
  /// Of anything else.
  package static let count = 10_000_000

  /// What is wrong with a number, in words, or nil.
  package static func problem(_ value: Int?, _ name: String, least: Int = 1, most: Int) -> String? {
    guard let value else { return nil }
    if value < least { return "\(name) is \(value); at least \(least)." }
    if value > most { return "\(name) is \(value); at most \(most)." }
    return nil
  }
}
