import Agents
import Critics
import Foundation
import Reporting

/// The result of a training: its training set and the critic's held-out figures.
public struct TrainReport: Sendable, Encodable {
  /// The file that the critic was written to.
  public let critic: String
  /// The world of the rollouts, which the critic belongs to.
  public let environment: WorldIdentity
  /// The identity of the policy of the rollouts.
  public let policy: String
  /// The number of tasks trained on.
  public let tasks: Int
  /// The number of rollouts trained on.
  public let rollouts: Int
  /// Boosting rounds, or what ``unit`` counts; 0 if the critic is the marginal.
  public let rounds: Int
  /// What ``rounds`` counts, in the plural.
  public var unit = "rounds"
  /// What the trees are made of and rest on; nil for other kinds.
  public var trees: TreesSummary?
  /// The critic's figures on tasks it was not trained on.
  public let heldOut: HeldOutFigures
  /// Where the held-out rollouts come from, in words.
  public let heldOutFrom: String
  /// Wall-clock seconds of the training.
  public let seconds: Double

  /// The report as `cox train` prints it.
  public var text: String {
    heldOut.table.text + "\n\n" + (trees.map { $0.text + "\n\n" } ?? "")
      + "Trained on \(rollouts) rollouts of \(tasks) tasks (\(rounds) \(unit), \(Format.duration(seconds: seconds))); "
      + "judged on \(heldOutFrom). Written to \(critic)."
  }
}

/// What a critic of trees is made of, and what it rests on, judged on folds of training tasks that the trees of the fold
/// did not see.
public struct TreesSummary: Sendable, Encodable {
  /// Boosting rounds; 0 if the critic is the marginal.
  public let rounds: Int
  /// λ of the trees' targets: 1 for Monte Carlo returns, 0 for one-step returns.
  public let lambda: Double
  /// Held-out log-loss in nats a state.
  public let logLoss: Double
  /// The same for the marginal.
  public let marginalLogLoss: Double
  /// The root of the mean squared Bellman error, in reward units; nil if no state was visited twice.
  public let bellmanError: Double?
  /// Steps from states that a method chose; 0 unless they were asked for and are used.
  public let steeredSteps: Int
  /// The held-out log-loss of the same training without those steps; nil unless they were asked for.
  public let logLossWithoutSteering: Double?
  /// The groups of features with the share of the gain that is lost without them.
  public let features: [TreesCritic.FeatureShare]

  init(_ record: TreesCritic.Record, withoutSteering: Double? = nil) {
    logLossWithoutSteering = withoutSteering
    rounds = record.rounds
    lambda = record.lambda
    logLoss = record.heldOutLogLoss
    marginalLogLoss = record.marginalLogLoss
    bellmanError = record.bellmanError
    steeredSteps = record.steeredSteps
    features = record.features
  }

  /// The summary in two or three sentences.
  var text: String {
    guard rounds > 0 else {
      return "On tasks that they did not see, trees predict no better than the mean: the critic is a constant."
    }
    let target = lambda < 1 ? "λ-returns (λ \(Format.short(lambda)))" : "Monte Carlo returns"
    var lines = [
      "\(rounds) trees on \(target). Held-out log-loss \(Format.number(logLoss)) nats a state, against "
        + "\(Format.number(marginalLogLoss)) of the mean alone."
        + (bellmanError.map { " Bellman error \(Format.number($0))." } ?? "")
    ]
    if let without = logLossWithoutSteering {
      lines.append(
        steeredSteps == 0
          ? "The steps of steered runs are not used: Monte Carlo returns predict better."
          : "With \(Format.count(steeredSteps)) steps of steered runs; without them the log-loss is "
            + "\(Format.number(without)).")
    }
    let groups = features.filter { $0.share >= 0.005 }.map { "\($0.group) \(Int((100 * $0.share).rounded())) %" }
    if !groups.isEmpty {
      lines.append("Features used (share of that gain lost without them): \(groups.joined(separator: ", ")).")
    }
    return lines.joined(separator: "\n")
  }
}

extension HeldOutFigures {
  /// The critic's figures by step, each beside the constant predictor's.
  package var table: TextTable {
    func text(_ value: Double?) -> String { value.map { Format.number($0) } ?? "–" }
    func cells(_ group: Group) -> [String] {
      [\.rSquared, \.spearman, \.auc].map { (figure: KeyPath<Figures, Double?>) in
        "\(text(group.critic[keyPath: figure])) (\(text(group.constant[keyPath: figure])))"
      } + ["\(text(group.critic.calibrationError)) (\(text(group.constant.calibrationError)))"]
    }
    var table = TextTable(
      title: "The critic on tasks it never saw (a constant predictor in brackets)",
      columns: [
        .left("after step"), .right("states"), .right("R²"), .right("Spearman"), .right("AUC of success"),
        .right("calibration error"),
      ])
    for group in steps { table.append(["\(group.step ?? 0)", Format.count(group.states)] + cells(group)) }
    table.append(["all", Format.count(all.states)] + cells(all))
    table.append(["end, reward hidden", Format.count(answers.states)] + cells(answers))
    return table
  }
}
