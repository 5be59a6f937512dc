import Findings
import Foundation
import Steering

extension StudyTable {
  /// The conclusions in words.
  static func words(_ findings: StudyFindings) -> [String] {
    var lines = findings.trainings.map(sentence)
    if let share = findings.share { lines.append(sentence(share)) }
    if let ratio = findings.tokenRatio {
      let processor = findings.processorRatio.map { " and \(times($0)) its processor time" } ?? ""
      lines.append(
        "ReasonMaxxer processed \(times(ratio)) GRPO's tokens\(processor), its rollouts included.")
    }
    lines += findings.reached.map(sentence)
    if !findings.missing.isEmpty { lines.append("Not run yet: \(findings.missing.joined(separator: ", ")).") }
    return lines
  }

  private static func percent(_ share: Double) -> String { "\(Format.number(share * 100, digits: 0)) %" }
  /// "0.25 ×". Small ratios get a third digit.
  private static func times(_ ratio: Double) -> String {
    "\(Format.number(ratio, digits: ratio < 0.095 ? 3 : 2)) ×"
  }

  private static func sentence(_ training: StudyFindings.Training) -> String {
    let threshold = training.threshold.map { ", decisions above \(Format.short($0)) nats" } ?? ""
    let start = "\(training.name): \(counted(training.steps, "step"))\(threshold); "
    if training.heldOut == 0 { return start + "the last step was kept, since no task was held out to choose by." }
    return start
      + (training.kept == 0
        ? "no step did better on the held-out tasks than the model before training, which was kept: its row is "
          + "another sample of the base."
        : "kept step \(training.kept), the best on the held-out tasks.")
  }

  private static func sentence(_ share: GainShare) -> String {
    guard let value = share.share else {
      return "GRPO gains nothing over the base here, so that no share of its gain can be given."
    }
    let start = "ReasonMaxxer has \(percent(value)) of GRPO's gain in reward"
    if let interval = share.interval {
      return start
        + " (95 % interval \(percent(interval.low)) to \(percent(interval.high)), bootstrap over \(counted(share.tasks, "task")))."
    }
    return start
      + (share.tasks > 1
        ? ", but GRPO's gain itself is not significant (\(Format.number(share.withoutGain * 100, digits: 1)) % of "
          + "bootstrap samples have none): the share has no interval."
        : "; a single task gives no interval.")
  }

  private static func sentence(_ reached: StudyFindings.Reached) -> String {
    let crossing = reached.crossing
    let figure =
      switch reached.figure {
      case "weighted": "the posterior mean, which weighs by the true reward at the end"
      case "selected": "the critic's choice, which needs no reward"
      default: "the best by the true reward"
      }
    let difference =
      crossing.difference.estimate.text(overTasks: crossing.difference.tasks, signed: true)
      + (crossing.difference.interval == nil ? "" : ", 95 % interval \(intervalText(crossing.difference.interval))")
    let start = "Steered \(reached.model), \(figure): "
    guard crossing.reached != nil else {
      return start
        + "never reaches a single attempt of GRPO's with up to \(counted(crossing.most, "particle")) (\(difference) at N = \(crossing.at))."
    }
    let surely =
      crossing.surely.map { $0 == crossing.at ? "surely so" : "surely so at N = \($0)" }
      ?? "surely so with none of the N tried"
    return start + "reaches a single attempt of GRPO's at N = \(crossing.at) (\(difference)); \(surely)."
  }
}
