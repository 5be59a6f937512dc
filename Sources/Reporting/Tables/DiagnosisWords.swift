import Findings
import Steering

extension Diagnosis {
  /// The meaning of the figures, one paragraph each.
  var sentences: [String] { [maximum, differences, partings, foresight].compactMap(\.self) }

  /// The numbers behind the advice, and what to do next.
  var because: String {
    let (first, last) = (headroom.best.first?.estimate, headroom.best.last?.estimate)
    let best =
      "the best of \(counted(headroom.most, "rollout")) comes to \(number(last?.mean)), one to \(number(first?.mean))"
      + " (\(headroom.gain.text(overTasks: headroom.best.last?.tasks ?? 0, signed: true)))"
    return switch advice.reason {
    case .tooFewRollouts:
      "\(counted(tasks, "task")) with \(Format.number(rolloutsPerTask.mean, digits: 1)) rollouts each on average tell too"
        + " little: collect at least \(Advice.leastRollouts) rollouts of each of at least \(Advice.leastTasks) tasks,"
        + " better 50 tasks or more."
    case .nearMaximum:
      "A single rollout has \(reward.text(overTasks: tasks)) on average and \(largest) is \(number(success)):"
        + " there is almost nothing left to gain by choosing among rollouts."
    case .endsAlike:
      "Of \(counted(outcomes.tasks, "task")), \(outcomes.endsAlike.tasks) end alike in all their rollouts, and the mean reward"
        + " is \(reward.text(overTasks: tasks)) where \(largest) is \(number(success))."
        + " Selection chooses among different attempts, and here the attempts at a task are nearly all alike:"
        + " try a stronger model, another prompt or a higher temperature."
    case .flat:
      "Rollouts differ, but \(best), where \(largest) is \(number(success)): more attempts gain little."
        + " Try a stronger model, another prompt or a higher temperature."
    case .bestNearMaximum:
      "Where a verifier can choose, \(best), where \(largest) is \(number(success)): independent attempts reach"
        + " nearly the largest reward, and are simpler than a population."
    case .unpredictable:
      "Rollouts differ and \(best), but \(told(by: "after no step before the end")): clones would be chosen by chance."
        + (predictability.predictor == .rewardSoFar
          ? " This prediction uses the reward so far alone; a critic may predict more." : "")
    case .predictableLate:
      "Rollouts differ and \(best), but how they end can be told only from step \(predictability.firstTold ?? 0) of"
        + " \(Format.number(length.mean, digits: 1)): clones would have too little left to differ in."
    case .predictableEarly:
      "Rollouts differ within tasks (standard deviation \(number(variation.deviation))), how they end begins to show after step"
        + " \(predictability.firstTold ?? 0) of \(Format.number(length.mean, digits: 1)), and \(best), where \(largest) is"
        + " \(number(success)). What steering would gain is not known from this: a plan measures it."
    }
  }

  private var largest: String { isSuccessKnown ? "the maximal reward" : "the largest reward seen" }

  private func number(_ value: Double?) -> String { value.map { Format.number($0) } ?? "–" }

  private var maximum: String? {
    guard !isSuccessKnown else { return nil }
    return "The world names no maximal reward: “solved” means the largest reward seen, \(number(success))"
      + (success <= 0 ? ". Since this is not above 0, no rollout counts as solved." : ".")
  }

  private var differences: String? {
    guard variation.tasks > 0 else {
      return "No task has two rollouts: whether there is anything to select cannot be told."
    }
    let unpaid = Format.number(unpaidSteps.mean * 100, digits: 0)
    let alike = percent(variation.endsAlike, tasks: variation.tasks)
    return
      "What can be selected is what differs between rollouts of one task. That \(unpaid) % of the steps pay nothing does"
      + " not by itself make the reward sparse; a task is sparse whose rollouts all end alike, whatever their mean, and \(alike) of"
      + " the tasks are."
  }

  private var partings: String? {
    guard let quartiles = paths.quartiles, quartiles.count == 3 else { return nil }
    return "Half of the pairs of rollouts that part have parted by step \(quartiles[1])"
      + " of \(Format.number(length.mean, digits: 1)). Before rollouts part there is nothing to choose between."
  }

  private var foresight: String? {
    guard !predictability.curve.isEmpty else { return nil }
    let note =
      predictability.predictor == .rewardSoFar
      ? " No critic was used: the predictor is the reward so far alone, and a critic may predict more." : ""
    guard let first = predictability.firstTold, let from = predictability.from else {
      return "Within tasks, \(told(by: "after no step"))." + note
    }
    return
      "Within tasks, the reward at the end begins to show after step \(first) and is predictable from step \(from), the"
      + " first with at least half of the largest R². Figures across tasks also count telling easy tasks from hard ones,"
      + " which selection cannot use." + note
  }

  private func told(by steps: String) -> String {
    "\(steps) can the reward at the end be told (R² at least"
      + " \(Format.short(Predictability.leastRSquared)) and two standard errors above 0)"
  }
}

extension Diagnosis.Advice {
  /// The advice in a few words.
  var title: String {
    switch kind {
    case .collectMore: "collect more rollouts"
    case .noSelection: "use the policy as it is"
    case .strongerPrior: "change what is sampled, not what is selected"
    case .bestOf: "take the best of several"
    case .steer: "plan a steered run"
    }
  }
}
