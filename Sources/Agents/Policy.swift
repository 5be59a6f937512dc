/// Where in a run an outside answer is used. The answer is stored under it, and its randomness is drawn from it.
public struct CallKey: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The run, a digest of everything that decides its answers.
  public var run: String
  public var task: TaskID
  /// The particle's place in the population; a clone takes the place of the particle it replaces.
  public var particle: Int
  /// The number of steps taken before this call.
  public var step: Int

  public init(run: String, task: TaskID, particle: Int, step: Int) {
    self.run = run
    self.task = task
    self.particle = particle
    self.step = step
  }

  public var description: String { "\(run)/\(task)/\(particle)/\(step)" }

  /// The seed of this call, the same at any concurrency.
  public func seed(from root: Seed) -> Seed {
    Self.seed(ofTask: task, particle: particle, from: root).split(step)
  }

  /// What the seeds of all calls of one task at one place of the population are split from, by their step.
  public static func seed(ofTask task: TaskID, particle: Int, from root: Seed) -> Seed {
    root.split(task.rawValue).split(particle)
  }
}

/// One question to a policy.
public struct PolicyRequest: Sendable {
  public var transcript: Transcript
  /// The admissible answers, or nil where any text may be one.
  public var choices: [String]?
  /// The seed of the policy's own sampling, for policies that can be seeded.
  public var seed: Seed
  public var key: CallKey

  public init(transcript: Transcript, choices: [String]? = nil, seed: Seed, key: CallKey) {
    self.transcript = transcript
    self.choices = choices
    self.seed = seed
    self.key = key
  }
}

/// A policy's answer and what it cost.
public struct PolicyResponse: Sendable, Hashable, Codable {
  public var text: String
  public var usage: Usage

  public init(_ text: String, usage: Usage = Usage()) {
    self.text = text
    self.usage = usage
  }
}

/// The frozen model: it is asked, and never changed.
public protocol Policy: Sendable {
  /// Everything that changes the distribution of the answers: model, endpoint kind, sampling settings, format.
  var identity: String { get }

  /// How an action is written in this policy's answers.
  var format: ActionFormat { get }

  /// Asks once. Retries, where the policy has them, are inside.
  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse
}

/// A policy made from a closure.
///
/// ```swift
/// let policy = ClosurePolicy("coin") { request in
///   var generator = request.seed.generator()
///   return PolicyResponse(Bool.random(using: &generator) ? "heads" : "tails")
/// }
/// ```
public struct ClosurePolicy: Policy {
  public let identity: String
  public let format: ActionFormat
  private let body: @Sendable (PolicyRequest) async throws(PolicyError) -> PolicyResponse

  public init(
    _ identity: String,
    format: ActionFormat = .plain,
    respond body: @escaping @Sendable (PolicyRequest) async throws(PolicyError) -> PolicyResponse
  ) {
    self.identity = identity
    self.format = format
    self.body = body
  }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await body(request)
  }
}
