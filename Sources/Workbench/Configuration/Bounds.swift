import Steering

/// The largest accepted values of options and keys. Larger values are typing errors that would exhaust memory or never
/// end.
package enum Bounds {
  package static let particles = SteeringSettings.mostParticles
  /// Particles of one answer. Each holds a weight for every token of the vocabulary.
  package static let answerParticles = 1_024
  /// The exponent of the distribution of answers.
  package static let power = 100.0
  /// The least temperature of answers that are drawn by weight. Far below it, scaled logits overflow.
  package static let steeredTemperature = 0.001
  /// Attempts per task.
  package static let rollouts = SteeringSettings.mostParticles
  /// Calls in flight, and everything that is allocated for each of them, such as server slots.
  package static let concurrency = 65_536
  package static let threads = 1_024
  /// Tokens of an answer or of a context.
  package static let tokens = 16_777_216
  /// Memory in MiB: one pebibyte.
  package static let megabytes = 1 << 30
  /// Programs that run at a time.
  package static let processes = 1_024
  /// Steps of an attempt or of an optimiser.
  package static let steps = 10_000_000
  /// Every other count.
  package static let count = 10_000_000

  /// The problem with a value as a sentence; nil if it is within its bounds.
  package static func problem(_ value: Int?, _ name: String, least: Int = 1, most: Int) -> String? {
    guard let value else { return nil }
    if value < least { return "\(name) is \(value); at least \(least) is required." }
    if value > most { return "\(name) is \(value); at most \(most) is allowed." }
    return nil
  }
}
