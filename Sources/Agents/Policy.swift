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
  /// What the world's actions look like as tools; empty unless the policy's format is ``ActionFormat/tools``.
  public var tools: [ActionTool]
  /// The seed of the policy's own sampling, for policies that can be seeded.
  public var seed: Seed
  public var key: CallKey
  /// Asked before anything is sent, by policies in which a call waits: why the run has ended meanwhile, or nil.
  public var ended: (@Sendable () async -> PolicyError?)?

  public init(
    transcript: Transcript, choices: [String]? = nil, tools: [ActionTool] = [], seed: Seed, key: CallKey
  ) {
    self.transcript = transcript
    self.choices = choices
    self.tools = tools
    self.seed = seed
    self.key = key
  }
}

extension PolicyRequest {
  /// What a policy of a format is asked after a trajectory.
  public init(after trajectory: Trajectory, in world: any World, format: ActionFormat, seed: Seed, key: CallKey) {
    let choices = trajectory.observation.choices
    self.init(
      transcript: format.applied(to: world.transcript(for: trajectory)), choices: choices,
      tools: format == .tools ? format.tools(world.tools(for: trajectory.task), choices: choices) : [], seed: seed,
      key: key)
  }
}

/// A policy's answer and what it cost.
public struct PolicyResponse: Sendable, Hashable, Codable {
  /// What the action is read from.
  public var text: String
  /// What a reasoning model thought before it answered, where the server tells. It is kept, and shown to no one later.
  public var reasoning: String?
  /// The sum of the log-probabilities of the answer's tokens, in nats, where they were asked for and reported.
  public var logProbability: Double?
  public var usage: Usage
  /// How often it was asked for, failures included.
  public var attempts: Int
  /// What the policy's server wants to see again beside this answer in later questions, such as signed thoughts before a call
  /// of a tool. Only the policy that gave it knows its form. nil where there is nothing of the kind.
  public var continuation: String?

  public init(
    _ text: String, reasoning: String? = nil, logProbability: Double? = nil, usage: Usage = Usage(), attempts: Int = 1
  ) {
    self.text = text
    self.reasoning = reasoning
    self.logProbability = logProbability
    self.usage = usage
    self.attempts = attempts
  }
}

/// The frozen model: it is asked, and never changed.
public protocol Policy: Sendable {
  /// Everything that changes the distribution of the answers: model, endpoint kind, sampling settings, format.
  var identity: String { get }

  /// How an action is written in this policy's answers.
  var format: ActionFormat { get }

  /// It keeps to a number of calls in flight by itself, and lets others go while it waits to try a call again.
  var limitsConcurrency: Bool { get }

  /// It works its answers out here, for nothing and always alike: they are neither stored as calls nor counted as such.
  var computesAnswers: Bool { get }

  /// Asks once. Retries, where the policy has them, are inside.
  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse
}

extension Policy {
  public var limitsConcurrency: Bool { false }
  public var computesAnswers: Bool { false }
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
