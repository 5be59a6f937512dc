import Findings
import Steering

/// A plan as text and tables: the recommendation, its predicted gain, and the alternatives. At most 100 columns wide.
package struct PlanTable: Sendable, Hashable {
  /// The recommendation and its reasons.
  package let lines: [String]
  /// A table by number of particles, then one of the best settings for the configured number.
  package let tables: [TextTable]

  /// The most settings shown besides the adaptive ones.
  private static let shown = 8

  package init(_ plan: Plan, answer: Answer) {
    var lines = [
      "From \(counted(plan.rollouts, "stored rollout")) of \(counted(plan.tasks, "task")), without a model call. "
        + "Critic: \(plan.critic.split(separator: ",").first ?? "none")."
    ]
    for answer in [answer] + Answer.allCases.filter({ $0 != answer }) {
      guard let choice = plan.choice(answer, particles: plan.particles) else { continue }
      lines.append("\(answer.rawValue): \(Self.advice(choice)) \(choice.reason)\(Self.more(choice, of: plan))")
    }
    if let cheaper = Self.cheaper(plan) { lines.append(cheaper) }
    for choice in plan.methods ?? [] {
      lines.append(
        "method \(choice.hasVerifier ? "with a verifier" : "without a verifier"): "
          + "\(choice.method == "best-of" ? "best-of with stopping" : choice.method). \(choice.reason)")
    }
    self.lines = lines.map { visible($0) }
    tables =
      ([Self.byParticles(plan, answer), Self.settings(plan)] + (plan.methods ?? []).map { Self.methods($0, of: plan) }
      + [Self.prices(plan)])
      .filter { !$0.rows.isEmpty }
  }

  /// A plan's predictions for the variants of a comparison, and the realised values.
  package static func predictions(_ predictions: [Comparison.Prediction]) -> TextTable {
    var table = TextTable(
      title: "The plan's prediction: gain in best reward over best-of-N",
      columns: [
        .right("N"), .right("β"), .left("resample"), .right("predicted"), .right("realised"), .right("apart by"),
      ])
    for row in predictions {
      let error = (row.predicted.se * row.predicted.se + row.realised.se * row.realised.se).squareRoot()
      let apart = abs(row.predicted.mean - row.realised.mean)
      table.append([
        Format.count(row.particles), Format.short(row.temperature), row.resample,
        row.predicted.text(overTasks: 2, signed: true), row.realised.text(overTasks: row.tasks, signed: true),
        error > 0 ? "\(Format.number(apart / error, digits: 1)) se" : "–",
      ])
    }
    return table
  }

  package var text: String {
    (tables.map(\.text) + [lines.joined(separator: "\n")]).joined(separator: "\n\n")
  }

  private static func advice(_ choice: Plan.Choice) -> String {
    choice.resample == "none"
      ? "best-of-\(choice.particles)."
      : "resample \(choice.resample) at β \(Format.short(choice.temperature)) with \(counted(choice.particles, "particle"))."
  }

  private static func more(_ choice: Plan.Choice, of plan: Plan) -> String {
    switch choice.moreRollouts {
    case 0?: ""
    case let more?: " About \(counted(more, "more rollout")) of other tasks would settle it."
    case nil:
      // All rollouts of a task end alike; the reason already says so.
      plan.scale > 0
        ? " Where the diagnosis finds that ends can be predicted early, more rollouts or another critic may change that."
        : ""
    }
  }

  /// A choice with fewer particles that matches best-of-N with the configured number.
  private static func cheaper(_ plan: Plan) -> String? {
    guard let here = plan.choice(.search, particles: plan.particles) else { return nil }
    let fewer = plan.choices.filter {
      $0.answer == .search && $0.particles < plan.particles && $0.resample != "none"
        && $0.candidate.rewardBest.mean >= here.bestOf.mean
    }.min { $0.particles < $1.particles }
    return fewer.map {
      "Steering \(counted($0.particles, "particle")) is predicted to do as well as best-of-\(plan.particles) with "
        + "\(Format.number($0.candidate.calls / here.candidate.calls * 100, digits: 0)) % of its calls."
    }
  }

  private static func byParticles(_ plan: Plan, _ answer: Answer) -> TextTable {
    let hasCost = plan.rows.contains { $0.cost > 0 }
    var table = TextTable(
      title: "Predicted best reward by number of particles (± one standard error over tasks)",
      columns: [
        .right("N"), .right("best-of-N"), .right("steered"), .right("gain"), .left("plan"), .right("calls a task"),
      ]
        + (hasCost ? [.right("cost a task")] : []))
    for choice in plan.choices where choice.answer == .search {
      table.append(
        [
          Format.count(choice.particles), choice.bestOf.text, choice.candidate.rewardBest.text,
          choice.gain.text(overTasks: plan.tasks, signed: true),
          choice.resample == "none"
            ? "best-of-\(choice.particles)" : "\(choice.resample) β \(Format.short(choice.temperature))",
          Format.number(choice.candidate.calls, digits: 1),
        ] + (hasCost ? [Format.money(choice.candidate.cost)] : []))
    }
    return table
  }

  /// Methods compared under one budget for all tasks.
  private static func methods(_ choice: Plan.MethodChoice, of plan: Plan) -> TextTable {
    let calls = choice.forecasts.first?.points.map(\.calls) ?? []
    var table = TextTable(
      title: (choice.hasVerifier ? "Predicted best reward" : "Predicted selected reward, without a verifier,")
        + " by method and calls a task, under one budget",
      columns: [.left("method"), .right("N")] + calls.map { .right(Format.number($0, digits: 0)) }
        + [.right("gain at \(Format.number(choice.calls, digits: 0))")])
    for forecast in choice.forecasts {
      table.append(
        [
          forecast.method == "best-of" ? "best-of, stopping" : forecast.method,
          forecast.particles.map { Format.count($0) } ?? "–",
        ] + forecast.points.map(\.reward.text)
          + [forecast.method == "best-of" ? "–" : forecast.gain.text(overTasks: plan.tasks, signed: true)])
    }
    return table
  }

  /// A frontier search that ends where no call is worth its price.
  private static func prices(_ plan: Plan) -> TextTable {
    var table = TextTable(
      title: "Predicted for a frontier search that ends where no call is worth its price",
      columns: [
        .right("a unit of reward is worth"), .right("price of a call in reward"), .right("calls a task"),
        .right("best reward"),
      ])
    for forecast in plan.prices ?? [] {
      table.append([
        Format.money(forecast.worth), Format.number(forecast.price, digits: 4),
        forecast.calls.text(overTasks: plan.tasks, digits: 1), forecast.reward.text(overTasks: plan.tasks),
      ])
    }
    return table
  }

  private static func settings(_ plan: Plan) -> TextTable {
    var table = TextTable(
      title: "Settings tried with \(counted(plan.particles, "particle")), the best and the adaptive ones",
      columns: [
        .left("resample"), .right("β"), .right("best reward"), .right("gain"), .right("weighted mean"), .right("gain"),
      ])
    let rows = plan.rows.filter { $0.particles == plan.particles }
    for (place, row) in rows.enumerated() where place < shown || row.resample.hasPrefix("ess") {
      table.append([
        row.resample, Format.short(row.temperature), row.rewardBest.text,
        row.gainBest.text(overTasks: plan.tasks, signed: true), row.rewardWeighted.text,
        row.gainWeighted.text(overTasks: plan.tasks, signed: true),
      ])
    }
    return table
  }
}
