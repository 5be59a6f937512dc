import Findings
import Steering

/// The charts of a study.
enum StudyCharts {
  /// Reward against model calls if a verifier selects among the attempts.
  static func best(_ findings: StudyFindings) -> XYChart? {
    chart(
      "The best of all attempts, chosen by the true reward", "best reward",
      findings.models.map { model in
        XYChart.Series(
          name: "\(model.name), best-of-N",
          points: model.bestOf.map {
            point(Double($0.attempts) * model.callsPerAttempt, $0.estimate)
          })
      } + steered(findings, "best", \.best))
  }

  /// Reward against model calls for a single answer.
  static func answers(_ findings: StudyFindings) -> XYChart? {
    let ends = findings.steered.map(\.callsPerTask)
    return chart(
      "One attempt, the posterior mean, the critic's choice", "reward",
      findings.models.map { model in
        let most = max(ends.max() ?? 0, model.callsPerAttempt)
        // Extended to the right, to show where steering reaches the same reward.
        let calls = most > model.callsPerAttempt ? [model.callsPerAttempt, most] : [model.callsPerAttempt]
        return XYChart.Series(
          name: "\(model.name), one attempt", points: calls.map { point($0, model.reward) })
      } + steered(findings, "posterior mean", \.weighted) + steered(findings, "selected", \.selected))
  }

  /// pass@k of each model.
  static func pass(_ findings: StudyFindings) -> XYChart? {
    chart(
      "pass@k", "share of tasks solved by one of k attempts",
      findings.models.map { model in
        XYChart.Series(name: model.name, points: model.passAtK.map { point(Double($0.attempts), $0.estimate) })
      }, x: "k, attempts (log scale)")
  }

  private static func steered(
    _ findings: StudyFindings, _ name: String, _ figure: (StudyFindings.Steered) -> MeanEstimate
  ) -> [XYChart.Series] {
    findings.steered.map(\.model).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.map { model in
      XYChart.Series(
        name: "\(model), steered: \(name)",
        points: findings.steered.filter { $0.model == model }.map { point($0.callsPerTask, figure($0)) })
    }
  }

  private static func point(_ x: Double, _ estimate: MeanEstimate) -> XYChart.Point {
    XYChart.Point(x: x, mean: estimate.mean, se: estimate.se)
  }

  private static func chart(
    _ title: String, _ yTitle: String, _ series: [XYChart.Series],
    x xTitle: String = "model calls a task, training apart (log scale)"
  ) -> XYChart? {
    let drawn = series.filter { !$0.points.isEmpty }
    return drawn.isEmpty ? nil : XYChart(title: title, xTitle: xTitle, yTitle: yTitle, series: drawn, scale: .log2)
  }
}

extension ReportPage.Section {
  /// The section of `cox study`: rewards against calls, pass@k, tokens, and the conclusions in words.
  package init(findings: StudyFindings) {
    let table = StudyTable(findings)
    var items: [ReportPage.Item] = table.lines.isEmpty ? [] : [.notes(table.lines)]
    for (chart, caption) in [
      (
        StudyCharts.answers(findings),
        """
        Means over tasks; whiskers are one standard error. The posterior weighs by the true reward at the end; one \
        attempt and the critic's choice need no reward.
        """
      ),
      (StudyCharts.best(findings), "Unbiased estimates of best-of-N beside steered populations."),
      (StudyCharts.pass(findings), "Unbiased estimates from all attempts."),
    ] {
      if let chart { items.append(.picture(svg: chart.svg, caption: caption)) }
    }
    items += table.tables.map(ReportPage.Item.table)
    for tokens in findings.tokens { items += Self.items(tokens) }
    self.init(
      anchor: "study", heading: "Steering and sharpening", prose: Self.names(findings), items: items)
  }

  /// The section of `cox tokens`: the base model against the tuned one.
  package init(tokens findings: TokenFindings) {
    self.init(anchor: "tokens", heading: "Base against tuned", items: Self.items(findings))
  }

  private static func items(_ findings: TokenFindings) -> [ReportPage.Item] {
    let table = TokenTable(findings)
    var items: [ReportPage.Item] = [
      .notes(["Token by token: \(findings.tuned) against \(findings.base)."] + table.lines)
    ]
    if let svg = ForkPicture.svg(findings) {
      items.append(.picture(svg: svg, caption: "An answer of the tuned model, and where it differs from the base."))
    }
    return items + table.tables.map(ReportPage.Item.table)
  }

  private static func names(_ findings: StudyFindings) -> String? {
    findings.models.isEmpty
      ? nil : findings.models.map { "\($0.name) is \($0.policy)" }.joined(separator: "; ") + "."
  }
}
