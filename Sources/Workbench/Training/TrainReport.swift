import Agents
import Critics
import Foundation
import Reporting

/// What a training gave.
public struct TrainReport: Sendable, Encodable {
  public let critic: String
  public let environment: WorldIdentity
  public let policy: String
  public let tasks: Int
  public let rollouts: Int
  public let rounds: Int
  public var unit = "rounds"
  public let heldOut: HeldOutFigures
  public let heldOutFrom: String
  public let seconds: Double

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
