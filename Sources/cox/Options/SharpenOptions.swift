import ArgumentParser
import Foundation
import OpenWeights
import Workbench

/// The names of the options that were given a value.
private func names(given options: [(String, Any?)]) -> [String] { options.filter { $0.1 != nil }.map(\.0) }

/// Options for training a language-model critic.
struct ReadingOptions: ParsableArguments {
  private static let usual = LMCritic.Settings()

  @Option(help: ArgumentHelp("Optimiser steps (default: \(usual.steps)).", valueName: "count"))
  var steps: Int?

  @Option(help: ArgumentHelp("States of one optimiser step (default: \(usual.batch)).", valueName: "count"))
  var batch: Int?

  @Option(
    help: ArgumentHelp("AdamW's learning rate (default: \(usual.optimiser.learningRate)).", valueName: "rate"))
  var learningRate: Double?

  @Option(help: ArgumentHelp("The adapter's rank (default: \(usual.adapter.rank)).", valueName: "r"))
  var rank: Int?

  @Option(
    help: ArgumentHelp(
      "Steps between two evaluations on held-out states (default: \(usual.evaluateEvery)).", valueName: "steps"))
  var evaluateEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Maximal number of tokens that are read; of a longer state, the last ones (default: \(usual.context)).",
      valueName: "tokens"))
  var context: Int?

  /// The names of the options that were given.
  var given: [String] {
    names(given: [
      ("steps", steps), ("batch", batch), ("learning-rate", learningRate), ("rank", rank),
      ("evaluate-every", evaluateEvery), ("context", context),
    ])
  }

  func validate() throws {
    for (name, value) in [
      ("steps", steps), ("batch", batch), ("rank", rank), ("evaluate-every", evaluateEvery), ("context", context),
    ] {
      if let problem = Bounds.problem(value, "--\(name)", most: Bounds.steps) { throw ValidationError(problem) }
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate is \(learningRate); it must be above 0.")
    }
  }

  func settings(_ seed: UInt64) -> LMCritic.Settings {
    var settings = Self.usual
    settings.steps = steps ?? settings.steps
    settings.batch = batch ?? settings.batch
    settings.optimiser.learningRate = learningRate ?? settings.optimiser.learningRate
    if let rank { settings.adapter = AdapterConfiguration(rank: rank, alpha: Double(2 * rank)) }
    settings.evaluateEvery = evaluateEvery ?? settings.evaluateEvery
    settings.context = context ?? settings.context
    settings.seed = seed
    return settings
  }
}

struct LearningOptions: ParsableArguments {
  private static let usual = ReasonMaxxer()

  @Option(
    help: ArgumentHelp(
      "Tasks to learn from, those nearest to a pass rate of one half (default: \(usual.problems)).",
      valueName: "count"))
  var problems: Int?

  @Option(
    help: ArgumentHelp(
      "The share of rollouts to leave out, the longest first (default: \(usual.trim)).", valueName: "share"))
  var trim: Double?

  @Option(
    help: ArgumentHelp(
      """
      τ in nats: tokens of higher entropy are decisions. Several values, separated by commas, are compared on \
      held-out tasks; auto, the default, compares three quantiles.
      """,
      valueName: "τ"))
  var threshold: String?

  @Option(
    help: ArgumentHelp(
      "The weight of the divergence from the model at the other tokens (default: \(usual.anchor)).",
      valueName: "weight"))
  var anchor: Double?

  @Option(
    help: ArgumentHelp(
      "The largest amount by which a token's log-probability is pushed below the frozen model's (default: \(usual.bound)).",
      valueName: "nats"))
  var bound: Double?

  func validate() throws {
    if let trim, !(trim >= 0 && trim < 1) { throw ValidationError("--trim must be at least 0 and below 1.") }
    if let anchor, !(anchor >= 0 && anchor.isFinite) { throw ValidationError("--anchor must be 0 or more.") }
    if let bound, !(bound > 0) { throw ValidationError("--bound must be above 0.") }
    if let problem = Bounds.problem(problems, "--problems", most: Bounds.steps) { throw ValidationError(problem) }
    if let threshold, threshold != "auto", thresholds == nil {
      throw ValidationError(
        "--threshold is \(threshold); write auto, or numbers of nats separated by commas, such as 0.5,1,1.4.")
    }
  }

  /// The thresholds; nil for auto.
  var thresholds: [Double]? {
    let numbers = (threshold ?? "auto").split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
    let values = numbers.compactMap { $0 }
    return values.count == numbers.count && !values.isEmpty && values.allSatisfy { $0 >= 0 && $0.isFinite }
      ? values : nil
  }

  /// The method's settings. The threshold is chosen later.
  func method(_ steps: StepOptions) -> ReasonMaxxer {
    var method = ReasonMaxxer()
    method.problems = problems ?? method.problems
    method.trim = trim ?? method.trim
    method.anchor = anchor ?? method.anchor
    method.bound = bound ?? method.bound
    method.steps = steps.steps ?? method.steps
    method.batch = steps.batch ?? method.batch
    return method
  }
}

/// Options for the length of training on stored rollouts.
struct StepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Optimiser steps (default: \(ReasonMaxxer().steps) for reasonmaxxer and \(Imitation().steps) for imitate).",
      valueName: "count"))
  var steps: Int?

  @Option(
    help: ArgumentHelp("Rollouts of one optimiser step (default: \(ReasonMaxxer().batch)).", valueName: "count"))
  var batch: Int?

  func validate() throws {
    for (name, value) in [("steps", steps), ("batch", batch)] {
      if let problem = Bounds.problem(value, "--\(name)", most: Bounds.steps) { throw ValidationError(problem) }
    }
  }

  var imitation: Imitation {
    var method = Imitation()
    method.steps = steps ?? method.steps
    method.batch = batch ?? method.batch
    return method
  }
}

/// Options for choosing the stored rollouts to learn from.
struct SourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Whose stored rollouts to learn from, by the policy's identity (default: the configured policy's own).",
      valueName: "policy"))
  var from: String?
}

/// Options for the output.
struct AdapterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder to write, or a name beside the store (default: the method's name).", valueName: "folder"))
  var adapter: String?

  @Flag(help: "Train nothing: only print how many problems, tokens and decisions there are.")
  var dryRun = false

  @Option(help: ArgumentHelp("Attempts at each held-out task.", valueName: "count"))
  var attempts = 4

  @Option(
    help: ArgumentHelp("Also write the model with the adapter merged into it, to this folder.", valueName: "folder"))
  var merge: String?

  @Option(
    help: ArgumentHelp(
      """
      Also write the model itself to this folder, and name it as the adapter's base: PEFT and converters do not read \
      GGUF files.
      """,
      valueName: "folder"))
  var base: String?

  func validate() throws {
    if let problem = Bounds.problem(attempts, "--attempts", most: Bounds.rollouts) { throw ValidationError(problem) }
  }
}

struct RoundOptions: ParsableArguments {
  private static let usual = GroupRelativePolicy()

  @Option(help: ArgumentHelp("Tasks of every round (default: \(usual.tasks)).", valueName: "count"))
  var tasksPerRound: Int?

  @Option(help: ArgumentHelp("Attempts at each of them (default: \(usual.group)).", valueName: "count"))
  var group: Int?

  @Option(
    help: ArgumentHelp("Rounds of attempts (default: as many as --steps needs, or 80).", valueName: "count"))
  var rounds: Int?

  @Option(
    help: ArgumentHelp(
      "Optimiser steps on the attempts of one round (default: \(usual.steps)).", valueName: "count"))
  var stepsPerRound: Int?

  @Option(
    help: ArgumentHelp(
      "ε: the ratio of new to old probability is clipped to 1 ± ε (default: \(usual.clip)).", valueName: "ε"))
  var clip: Double?

  @Option(
    help: ArgumentHelp(
      "The weight of the divergence from the frozen model (default: \(usual.divergence)).", valueName: "weight"))
  var divergence: Double?

  @Option(
    help: ArgumentHelp(
      "The bound of an attempt's advantage, in standard deviations of its group (default: none).",
      valueName: "limit"))
  var advantageLimit: Double?

  func validate() throws {
    for (name, value) in [
      ("tasks-per-round", tasksPerRound), ("rounds", rounds), ("steps-per-round", stepsPerRound),
    ] {
      if let problem = Bounds.problem(value, "--\(name)", most: Bounds.steps) { throw ValidationError(problem) }
    }
    if let group, group < 2 {
      throw ValidationError("--group is \(group); it must be at least 2: attempts are compared with each other.")
    }
    if let problem = Bounds.problem(group, "--group", most: Bounds.rollouts) { throw ValidationError(problem) }
    if let clip, !(clip > 0 && clip < 1) { throw ValidationError("--clip must be above 0 and below 1.") }
    if let divergence, !(divergence >= 0 && divergence.isFinite) {
      throw ValidationError("--divergence is \(divergence); it must be 0 or more.")
    }
    if let advantageLimit, !(advantageLimit > 0 && advantageLimit.isFinite) {
      throw ValidationError("--advantage-limit is \(advantageLimit); it must be above 0.")
    }
  }

  /// - Parameter steps: the number of optimiser steps, if given.
  func method(steps total: Int?) -> GroupRelativePolicy {
    var method = GroupRelativePolicy()
    method.tasks = tasksPerRound ?? method.tasks
    method.group = group ?? method.group
    method.steps = stepsPerRound ?? method.steps
    method.clip = clip ?? method.clip
    method.divergence = divergence ?? method.divergence
    method.advantageLimit = advantageLimit
    method.rounds = rounds ?? total.map { max(1, $0 / method.steps) } ?? method.rounds
    return method
  }
}

struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The adapter's rank (default: \(AdapterConfiguration().rank)).", valueName: "r"))
  var rank: Int?

  @Option(
    help: ArgumentHelp("The adapter's α: additions count α/rank (default: twice the rank).", valueName: "α"))
  var alpha: Double?

  @Option(
    help: ArgumentHelp(
      "What is adapted, separated by commas: q, k, v, o, gate, up, down, or all (default: q,k,v,o).",
      valueName: "targets"))
  var targets: String?

  @Option(help: ArgumentHelp("AdamW's learning rate.", valueName: "rate"))
  var learningRate = OptimiserSettings().learningRate

  @Option(help: ArgumentHelp("Steps over which the learning rate rises from 0.", valueName: "steps"))
  var warmUp = OptimiserSettings().warmUp

  @Option(help: ArgumentHelp("The largest norm of a gradient.", valueName: "norm"))
  var clipping = OptimiserSettings().clipping

  @Option(
    help: ArgumentHelp(
      "Tasks of the validation split by which a checkpoint is chosen; 0 keeps the last checkpoint.",
      valueName: "count"))
  var heldOut = 24

  @Option(help: ArgumentHelp("Steps between two evaluations on these tasks.", valueName: "steps"))
  var evaluateEvery = 50

  @Flag(help: "Keep all intermediate values: 10 to 20 % faster, and about twice the memory.")
  var noCheckpointing = false

  @Option(help: ArgumentHelp("Tokens processed at a time; fewer take less memory.", valueName: "tokens"))
  var tokensPerPass = Sharpener.Settings().tokensPerPass

  private var projections: [Projection]? {
    guard let targets else { return [.query, .key, .value, .output] }
    if targets == "all" { return Projection.allCases }
    let names = targets.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let found = names.compactMap { name in
      Projection.allCases.first { $0.rawValue == name || $0.rawValue == "\(name)_proj" }
    }
    return found.count == names.count && !found.isEmpty ? found : nil
  }

  func validate() throws {
    if projections == nil {
      throw ValidationError(
        "--targets must be all, or some of q, k, v, o, gate, up, down, separated by commas.")
    }
    for (name, value) in [
      ("rank", rank), ("evaluate-every", evaluateEvery), ("tokens-per-pass", tokensPerPass),
    ] {
      if let problem = Bounds.problem(value, "--\(name)", most: Bounds.steps) { throw ValidationError(problem) }
    }
    if let alpha, !(alpha > 0 && alpha.isFinite) { throw ValidationError("--alpha must be above 0.") }
    for (name, value) in [("warm-up", warmUp), ("held-out", heldOut)] {
      if let problem = Bounds.problem(value, "--\(name)", least: 0, most: Bounds.steps) {
        throw ValidationError(problem)
      }
    }
    if !(learningRate > 0 && learningRate.isFinite) { throw ValidationError("--learning-rate must be above 0.") }
    if !(clipping > 0) { throw ValidationError("--clipping must be above 0.") }
  }

  /// - Parameters:
  ///   - attempts: the number of attempts at each held-out task.
  ///   - base: the policy's adapter, which is trained further; nil if it has none.
  func settings(attempts: Int, seed: UInt64, base: String?) throws -> Sharpener.Settings {
    if base != nil, rank != nil || alpha != nil || targets != nil {
      throw ConfigurationError(
        """
        --rank, --alpha and --targets describe a new adapter, but policy.adapter is set, and is trained further as \
        it is. Leave these options out, or merge the adapter first (--merge) and train on the merged model.
        """)
    }
    var settings = Sharpener.Settings()
    let rank = rank ?? AdapterConfiguration().rank
    settings.adapter = AdapterConfiguration(
      rank: rank, alpha: alpha ?? Double(2 * rank), targets: projections ?? [.query, .key, .value, .output])
    settings.optimiser.learningRate = learningRate
    settings.optimiser.warmUp = warmUp
    settings.optimiser.clipping = clipping
    settings.checkpointing = !noCheckpointing
    settings.tokensPerPass = tokensPerPass
    settings.evaluateEvery = evaluateEvery
    settings.attempts = attempts
    settings.seed = seed
    return settings
  }
}
