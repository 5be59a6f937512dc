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
  /// The critic's figures on tasks it was not trained on.
  public let heldOut: HeldOutFigures
  /// Where the held-out rollouts come from, in words.
  public let heldOutFrom: String
  /// Wall-clock seconds of the training.
  public let seconds: Double

  /// The report as `cox train` prints it.
  public var text: String {
    heldOut.table.text + "\n\n"
      + "Trained on \(rollouts) rollouts of \(tasks) tasks (\(rounds) \(unit), \(Format.duration(seconds: seconds))); "
      + "judged on \(heldOutFrom). Written to \(critic)."
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
