/// The place in a run at which an outside answer is used. The answer is stored under this key, and its randomness is
/// split by it.
public struct CallKey: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The run's id: a digest of everything that decides its answers.
  public var run: String
  /// The task that the particle works on.
  public var task: TaskID
  /// The particle's place in the population, from 0. A clone takes the place of the particle it replaces.
  public var particle: Int
  /// The number of steps taken before this call.
  public var step: Int

  /// The key of the call after `step` ≥ 0 steps of the particle at place `particle`.
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

  /// The seed of one place of one task's population; each call's seed is split from it by the step.
  public static func seed(ofTask task: TaskID, particle: Int, from root: Seed) -> Seed {
    root.split(task.rawValue).split(particle)
  }
}

/// One call of a policy: what it is shown, how its answer is restricted, and its seed.
public struct PolicyRequest: Sendable {
  /// The prompt: instructions, then prompts and responses in turn, ending with a prompt.
  public var transcript: Transcript
  /// The admissible actions; nil if any text is admissible.
  public var choices: [String]?
  /// The world's actions as tools; empty unless the policy's format is ``ActionFormat/tools``.
  public var tools: [ActionTool]
  /// The question of an agent's own program, which is sent as it is; nil if the transcript is the question.
  package var question: ModelQuestion?
  /// A digest of the question without what may differ between an attempt and its replay.
  package var questionDigest: String?
  /// The seed of the policy's sampling, for policies that can be seeded.
  public var seed: Seed
  /// The place in the run, under which the answer is stored.
  public var key: CallKey
  /// Why the run has ended; nil while it goes on. Policies call it before they send a call that had to wait.
  public var ended: (@Sendable () async -> PolicyError?)?

  /// A call. ``init(after:in:format:seed:key:)`` builds it from a trajectory.
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
  /// The call that follows a trajectory, for a policy of the given format.
  public init(after trajectory: Trajectory, in world: any World, format: ActionFormat, seed: Seed, key: CallKey) {
    let choices = trajectory.observation.choices
    self.init(
      transcript: format.applied(to: world.transcript(for: trajectory)), choices: choices,
      tools: format == .tools ? format.tools(world.tools(for: trajectory.task), choices: choices) : [], seed: seed,
      key: key)
  }
}

/// A policy's answer and its usage.
public struct PolicyResponse: Sendable, Hashable, Codable {
  /// The answer, from which the action is read.
  public var text: String
  /// The model's reasoning, if the server reports it. It is stored and never shown to the policy or a critic.
  public var reasoning: String?
  /// The sum of the log-probabilities of the answer's tokens, in nats; nil if not requested or not reported.
  public var logProbability: Double?
  /// The tokens of the call; all 0 for an answer that is free.
  public var usage: Usage
  /// How often the call was sent, failures included; at least 1.
  public var attempts: Int
  /// Data that the policy's server needs back beside this answer in later calls, such as signed reasoning before a tool
  /// call. Its form is the policy's own. Nil if there is none. For a question of an agent's own program it is the whole
  /// answer.
  public var continuation: String?
  /// Whether the answer was read from a store instead of asked for. It is not stored.
  package var isStored = false

  private enum CodingKeys: CodingKey { case text, reasoning, logProbability, usage, attempts, continuation }

  /// An answer. Only the text is needed for a policy of your own.
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

/// The frozen model with its prompt format and sampling settings, π₀ together with the world.
public protocol Policy: Sendable {
  /// Everything that changes the distribution of answers: model, kind of endpoint, sampling settings, format. Rollouts,
  /// critics and plans belong to an identity.
  var identity: String { get }

  /// How an action is written in the answers.
  var format: ActionFormat { get }

  /// Whether the policy limits its concurrent calls itself, and frees the place of a call that waits for a retry.
  var limitsConcurrency: Bool { get }

  /// Whether answers are computed locally, free of charge and deterministically. They are then neither stored nor
  /// counted as calls.
  var computesAnswers: Bool { get }

  /// Answers one call. Retries, if the policy has them, happen inside.
  ///
  /// - Throws: ``PolicyError``; its kind decides whether the particle fails or the run ends.
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

  /// - Parameters:
  ///   - identity: changes whenever the distribution of the answers does.
  ///   - format: how the closure writes actions.
  ///   - body: answers one call; randomness comes from the request's seed, so that runs can be repeated.
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
