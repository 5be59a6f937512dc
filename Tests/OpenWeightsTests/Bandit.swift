import Agents
import Foundation
import ModelFiles
import Tensors
import Testing

@testable import OpenWeights

/// One question with four answers, one of which pays. The world is small enough for an exact expected reward.
struct Bandit: World {
  static let choices = ["left", "right", "no", "up"]

  var identity: WorldIdentity { WorldIdentity(kind: "bandit") }
  var maximalReward: Double? { 1 }

  func tasks(in split: Split) -> [AgentTask] {
    (0..<3).map { AgentTask(id: TaskID("\(split)-\($0)"), request: "task \(split) \($0)", stepLimit: 1) }
  }

  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "task \(id)", stepLimit: 1) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let episode = ClosureEpisode(state: 0) { _, action in
      Outcome(Observation("the end"), reward: action.text == "up" ? 1 : 0, isDone: true)
    }
    return (episode, opening)
  }

  var opening: Observation { Observation("where to?", choices: Self.choices) }

  /// A model that is undecided, so that every answer is drawn now and then.
  @TensorActor static func model() throws -> LoadedModel { try TinyModel.make(seed: 8, spread: 0.2) }

  static func encoder(_ model: LoadedModel) throws -> PromptEncoder {
    try PromptEncoder(model.files, api: .chat, format: .plain)
  }

  static func request(_ task: AgentTask) -> Trajectory { Trajectory(task: task, opening: Bandit().opening) }

  /// Attempts at tasks, reproducible for the same model like stored attempts.
  static let attempts: Attempts = { tasks, count, model in
    let policy = try await MLXPolicy(
      model, encoder: encoder(model), sampling: Sampling(temperature: 1, maxTokens: 12),
      settings: .init(cacheBytes: 1 << 24))
    var spent = Spent()
    var trajectories: [[Trajectory?]] = []
    for task in tasks {
      var group: [Trajectory] = []
      for attempt in 0..<count {
        var trajectory = request(task)
        let key = CallKey(run: "test", task: task.id, particle: attempt, step: 0)
        let response = try await policy.respond(
          to: PolicyRequest(
            transcript: Bandit().transcript(for: trajectory), choices: choices,
            seed: key.seed(from: Seed(1).split(model.name)), key: key))
        let action = ActionFormat.plain.action(in: response.text, choices: choices)
        var episode = Bandit().begin(task).episode
        trajectory.append(
          Step(response: response.text, action: action, outcome: try await episode.step(action)))
        group.append(trajectory)
        spent += Spent(calls: 1, outputTokens: response.usage.outputTokens)
      }
      trajectories.append(group)
    }
    return (trajectories, spent)
  }

  /// The exact expected reward by enumeration, averaged over the tasks.
  @TensorActor
  static func expectedReward(_ model: LoadedModel, _ adapter: AdapterWeights?, _ tasks: [AgentTask]) throws -> Double {
    let encoder = try encoder(model)
    let shares = try tasks.map { task in
      try ChoiceTests.distribution(
        model, encoder.prompt(Bandit().transcript(for: request(task))), choices, temperature: 1, adapter: adapter)[
          "up"] ?? 0
    }
    return shares.reduce(0, +) / Double(shares.count)
  }

  /// Stored attempts of the frozen model, with advantages and figures.
  @TensorActor
  static func lessons(_ model: LoadedModel, attempts count: Int) async throws -> [Lesson] {
    let tasks = Bandit().tasks(in: .train)
    var lessons: [Lesson] = []
    for group in try await attempts(tasks, count, model).trajectories {
      let rollouts = try group.compactMap(\.self).map {
        try RolloutTokens($0, of: Bandit(), encoder: try encoder(model))
      }
      for (rollout, advantage) in zip(rollouts, ProblemSelection.advantages(rollouts.map(\.reward))) {
        let figures = try await Scorer(model: model.model).figures(of: rollout.sequences)
        lessons.append(Lesson(rollout: rollout, advantage: advantage, figures: figures))
      }
    }
    return lessons
  }

  /// Settings for a training of a few quick steps.
  @TensorActor
  static func sharpener(
    _ model: LoadedModel, heldOut: Bool = false, rate: Double = 5e-3,
    attempts: @escaping Attempts = Bandit.attempts, replaces: Bool = false,
    report: @escaping @Sendable (Sharpener.Event) -> Void = { _ in },
    change: (inout Sharpener.Settings) -> Void = { _ in }
  ) throws -> Sharpener {
    var settings = Sharpener.Settings()
    settings.adapter = AdapterConfiguration(rank: 4, alpha: 8)
    settings.optimiser = OptimiserSettings(learningRate: rate, warmUp: 2)
    settings.evaluateEvery = 5
    settings.attempts = 4
    change(&settings)
    return try Sharpener(
      model, encoder: encoder(model), temperature: 1, settings: settings,
      heldOut: (tasks: heldOut ? Bandit().tasks(in: .validation) : [], pass: 1), attempts: attempts,
      replaces: replaces, report: report)
  }
}
