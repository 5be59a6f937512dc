import Agents
import Findings
import ParticleFilter
import Steering

/// The sections of a report, each built from the results of one command.
extension ReportPage.Section {
  /// The comparison of methods, with a plan's predictions if there is a plan.
  package init(comparison: Comparison) {
    let table = ComparisonTable(comparison)
    var items: [ReportPage.Item] = []
    // With more methods the picture would be longer than the table and add nothing.
    if comparison.methods.count <= 16 {
      items.append(
        .picture(svg: ComparisonChart.svg(comparison), caption: "Rewards by method; whiskers are one standard error."))
    }
    items += table.tables.map(ReportPage.Item.table)
    if !table.lines.isEmpty { items.append(.notes(table.lines)) }
    self.init(anchor: "comparison", heading: "Comparison", items: items)
  }

  /// The section of `cox compare --study`.
  package init(study comparison: Comparison) {
    let isCost = comparison.study == .cost
    let chart = XYChart(study: comparison)
    let table = ComparisonTable(comparison)
    self.init(
      anchor: comparison.study?.rawValue ?? "study",
      heading: isCost ? "Cost against reward" : comparison.study == .calls ? "Reward against calls" : "Scaling",
      items: [.picture(svg: chart.svg, caption: "Means over tasks; whiskers are one standard error.")]
        + table.tables.map(ReportPage.Item.table) + (table.lines.isEmpty ? [] : [.notes(table.lines)]))
  }

  /// A plan and its realised predictions.
  package init(plan: Plan, answer: Answer, predictions: [Comparison.Prediction]) {
    let table = PlanTable(plan, answer: answer)
    var items: [ReportPage.Item] = [.notes(table.lines)] + table.tables.map(ReportPage.Item.table)
    if !predictions.isEmpty {
      let chart = XYChart(
        title: "Gain over best-of-N, predicted and realised", xTitle: "predicted from stored rollouts",
        yTitle: "realised on held-out tasks",
        series: Dictionary(grouping: predictions, by: \.temperature).sorted { $0.key < $1.key }.map {
          temperature, rows in
          XYChart.Series(
            name: "β \(Format.short(temperature))",
            points: rows.map { XYChart.Point(x: $0.predicted.mean, mean: $0.realised.mean, se: $0.realised.se) },
            isLine: false)
        }, hasDiagonal: true)
      items.append(
        .picture(svg: chart.svg, caption: "A point for each setting; on the line the gain was as predicted."))
      items.append(.table(PlanTable.predictions(predictions)))
    }
    self.init(anchor: "plan", heading: "Plan", items: items)
  }

  /// The calibration of the critic on tasks that it was not trained on.
  ///
  /// - Parameter curves: calibration curves with their names.
  package init(calibration curves: [(name: String, curve: CalibrationCurve)]) {
    let chart = XYChart(
      title: "Calibration of the critic on tasks it never saw", xTitle: "expected return-to-go",
      yTitle: "realised return-to-go",
      series: curves.map { name, curve in
        XYChart.Series(
          name: name,
          points: curve.points.map { XYChart.Point(x: $0.predicted, mean: $0.realised, se: $0.standardError) })
      }, hasDiagonal: true)
    self.init(
      anchor: "calibration", heading: "Calibration",
      items: [.picture(svg: chart.svg, caption: "Groups of equal count; whiskers are one standard error over tasks.")])
  }

  /// A diagnosis: whether selection among rollouts can help.
  package init(diagnosis: Diagnosis, table: DiagnosisTable) {
    func points(_ curve: [Diagnosis.Point]) -> [XYChart.Point] {
      curve.map { XYChart.Point(x: Double($0.x), mean: $0.estimate.mean, se: $0.estimate.se) }
    }
    let headroom = XYChart(
      title: "What k attempts reach", xTitle: "k (log scale)", yTitle: "share solved, best reward",
      series: [
        XYChart.Series(name: "pass@k", points: points(diagnosis.headroom.pass)),
        XYChart.Series(name: "best@k", points: points(diagnosis.headroom.best)),
      ], scale: .log2)
    let early = XYChart(
      title: "How early the end is told", xTitle: "steps taken", yTitle: "R² within tasks",
      series: [XYChart.Series(name: "R²", points: points(diagnosis.predictability.curve))])
    self.init(
      anchor: "diagnosis", heading: "Diagnosis", prose: "Advice: \(table.advice). \(table.because)",
      items: [.notes(table.sentences)]
        + [
          .picture(svg: headroom.svg, caption: "Unbiased estimates from the stored rollouts."),
          .picture(svg: early.svg, caption: "Of the final reward by what is expected after so many steps."),
        ] + table.tables.map(ReportPage.Item.table))
  }
}

extension XYChart {
  /// The chart of `cox compare --study`: best reward against N, or against money.
  package init(study comparison: Comparison) {
    let isCost = comparison.study == .cost
    let points = comparison.points ?? []
    let labels = points.map(\.label).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    self.init(
      title: isCost
        ? "Best reward against money"
        : comparison.study == .calls
          ? "Best reward against model calls" : "Best reward against the number of particles",
      xTitle: isCost
        ? "cost of a task"
        : comparison.study == .calls ? "model calls for a task (log scale)" : "N, attempts or particles (log scale)",
      yTitle: "best reward",
      series: labels.map { label in
        XYChart.Series(
          name: label,
          points: points.filter { $0.label == label }
            .map { XYChart.Point(x: $0.x, mean: $0.estimate.mean, se: $0.estimate.se) })
      }, scale: isCost ? .linear : .log2)
  }
}
