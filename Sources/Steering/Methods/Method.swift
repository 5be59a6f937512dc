import ParticleFilter

/// How tasks are attempted. A new method is one file with one such value, and one line in ``allCases``.
public struct Method: Sendable {
  /// Which critic chooses among attempts while they run.
  public enum Guide: Sendable, Hashable {
    /// No critic: the attempts are independent.
    case none
    /// The configured critic.
    case configured
    /// Always the critic of this kind.
    case own(String)
  }

  /// The algorithm that runs a task.
  package enum Driver: Sendable, Hashable {
    /// N attempts, weighed at checkpoints (``PopulationFilter``).
    case population
    /// A tree of visited states (``Frontier``).
    case frontier
    /// The algorithm of the method that the plan chooses.
    case planned
  }

  /// The position of a method among those with the same N. Some methods receive as many calls as others made.
  package enum Turn: Int, Sendable { case first, afterSampled, afterSteered, last }

  /// The name in `steering.method` and `--method`.
  public let rawValue: String
  /// One line for help and documentation.
  public let summary: String
  /// Which critic guides it.
  public let guide: Guide
  /// The fixed number of particles; nil if it can be chosen.
  public let particles: Int?
  /// Whether a checkpoint keeps the best few (``SteeringSettings/keep``).
  public let keepsBest: Bool
  /// Whether its weighted population samples the posterior, so that β changes what is drawn.
  public let samplesPosterior: Bool
  /// Whether comparisons give it further attempts until it has made as many calls as the steered methods.
  public let isBaseline: Bool
  package let turn: Turn
  package let driver: Driver
  /// Creates the filter that selects at checkpoints.
  let filter: @Sendable (SteeringSettings, _ count: Int, _ initialValue: Double) -> any PopulationFilter

  /// Whether a critic chooses among attempts while they run.
  public var isSteered: Bool { guide != .none }

  /// Whether it resamples at the checkpoints of a schedule.
  public var resamples: Bool { isSteered && driver == .population }

  init(
    _ name: String, _ summary: String, guide: Guide, particles: Int? = nil, keepsBest: Bool = false,
    samplesPosterior: Bool = false, isBaseline: Bool = false, turn: Turn = .first, driver: Driver = .population,
    filter: @escaping @Sendable (SteeringSettings, Int, Double) -> any PopulationFilter = particleFilter
  ) {
    rawValue = name
    self.summary = summary
    self.guide = guide
    self.particles = particles
    self.keepsBest = keepsBest
    self.samplesPosterior = samplesPosterior
    self.isBaseline = isBaseline
    self.turn = turn
    self.driver = driver
    self.filter = filter
  }

  /// Sequential Monte Carlo. Under a schedule that never resamples it only computes weights.
  static let particleFilter: @Sendable (SteeringSettings, Int, Double) -> any PopulationFilter = {
    settings, count, initialValue in
    ParticleFilter(
      count: count, temperature: settings.temperature, schedule: settings.schedule, resampler: settings.resampler,
      initialValue: initialValue)
  }
}

extension Method: CaseIterable {
  /// Every method, in the order in which they are listed.
  public static let allCases: [Method] = [.auto, .single, .bestOf, .amc, .judge, .beam, .frontier]
}

extension Method: RawRepresentable, Hashable, Codable {
  /// The method of a name; nil if there is none.
  public init?(rawValue: String) {
    guard let method = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = method
  }

  public static func == (a: Method, b: Method) -> Bool { a.rawValue == b.rawValue }
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
