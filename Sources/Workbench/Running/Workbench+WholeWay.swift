import Agents
import Critics
import Findings
import Reporting
import Steering

/// What `cox run` found.
package struct WholeWayReport: Encodable {
  /// The stages, in order.
  package enum Stage: String, Encodable, Sendable { case collect, train, diagnose, plan, compare }

  /// The last stage that was completed.
  package private(set) var reached = Stage.collect
  /// Why the way ended before the comparison; nil if it did not. It is a finding, not an error.
  package private(set) var ended: String?
  package private(set) var collected: [CollectReport] = []
  package private(set) var training: TrainReport?
  package private(set) var diagnosis: DiagnoseReport?
  /// The method that the plan chooses; `best-of` where there is nothing to steer by.
  package private(set) var method: String?
  package private(set) var comparison: Comparison?
  /// Model calls and money of all stages, stored answers included.
  package private(set) var policyCalls = 0
  package private(set) var cost = 0.0
}

extension Workbench {
  /// Collects, trains, diagnoses, plans and compares, under one budget.
  ///
  /// Every stage says what it found and what the next one will cost. The way ends where there is nothing to select.
  /// - Parameters:
  ///   - rollouts: attempts at each task of the train and validation splits.
  ///   - work: about how many particle-steps the plan simulates for each number of particles.
  ///   - say: called with what there is to read.
  package func goWholeWay(
    rollouts: Int, work: Double, say: (String) -> Void
  ) async throws -> (report: WholeWayReport, compared: Compared?) {
    var report = WholeWayReport()
    let (tests, _) = try TaskChoice(split: .test).select(from: world, default: .test)
    let compared = try await withRun { run -> Compared? in
      try await collect(rollouts, by: run, &report, say)
      guard try await examine(&report, say) else { return nil }
      return try await compare(on: tests, work: work, by: run, &report, say)
    }
    if let compared {
      let comparison = finish(compared, critic: nil)
      report.add(comparison)
    }
    return (report, compared)
  }

  /// Stage 1.
  private func collect(
    _ rollouts: Int, by run: Run, _ report: inout WholeWayReport, _ say: (String) -> Void
  ) async throws {
    let splits = try [Split.train, .validation].map { (split: $0, tasks: try world.tasks(in: $0)) }
      .filter { !$0.tasks.isEmpty }
    guard splits.contains(where: { $0.split == .train }) else {
      throw ConfigurationError(
        "The split train is empty, so that there is nothing to learn from: set environment.tasks.train.")
    }
    let steps = splits.flatMap(\.tasks).reduce(0) { $0 + $1.stepLimit * rollouts }
    say(
      """
      1/5  Collect: \(rollouts) attempts at each of \(splits.map { "\($0.tasks.count) \($0.split.rawValue)" }.joined(separator: " and ")) \
      tasks, at most \(Format.count(steps)) calls
      """)
    try await run.collectForTraining(rollouts: rollouts) { collected in
      report.add(collected)
      say(collected.text)
    }
  }

  /// Stages 2 and 3: whether it is worth going on.
  private func examine(_ report: inout WholeWayReport, _ say: (String) -> Void) async throws -> Bool {
    say("\n2/5  Train a critic: no calls")
    do {
      let training = try await train(TreesKind.name)
      report.add(training)
      say(training.text)
    } catch let error as CriticError where error.kind == .tooLittleData {
      report.end("There are too few rollouts to train a critic: \(error.message)")
      say(report.ended ?? "")
      return false
    }
    say("\n3/5  Diagnose: no calls")
    let diagnosis = try await diagnose(split: nil, critic: nil)
    report.add(diagnosis)
    say(diagnosis.table.text())
    switch diagnosis.diagnosis.advice.kind {
    case .collectMore, .noSelection, .strongerPrior:
      report.end(
        diagnosis.diagnosis.advice.kind == .collectMore
          ? "There are too few rollouts to go on with: run it again with more tasks or with --rollouts \(Diagnosis.Advice.leastRollouts)."
          : "There is nothing to select here, so that no call is spent on the other stages.")
      say("\n" + (report.ended ?? ""))
      return false
    case .bestOf, .steer: return true
    }
  }

  /// Stages 4 and 5.
  private func compare(
    on tasks: [AgentTask], work: Double, by run: Run, _ report: inout WholeWayReport, _ say: (String) -> Void
  ) async throws -> Compared {
    say("\n4/5  Plan from the stored rollouts alone: no calls")
    let critic = try critic(TreesKind.name)
    let configured = configuration.steering
    let plan = try await makePlan(
      critic: critic, settings: configured, work: work, known: try? Self.plan(at: planPath(nil)))
    try OutputFile.write(json: plan, to: planPath(nil))
    say(PlanTable(plan, answer: configured.answer).text)
    var automatic = configured
    automatic.method = .auto
    let chosen = try await chosen(automatic, by: PlanFlags(), critic: critic, tasks: tasks)
    report.choose(chosen.method)
    var plain = configured
    plain.method = .bestOf
    plain.search.calls = chosen.search.calls
    // A single attempt is the first of best-of's.
    var single = configured
    single.method = .single
    let methods = [single, plain] + (chosen.method == .bestOf ? [] : [chosen])
    let budget = (chosen.search.calls ?? 0) * tasks.count * (methods.count - 1)
    say(
      """

      5/5  Compare \(methods.map { $0.method == .bestOf ? "best-of with stopping" : $0.method.rawValue }.joined(separator: ", ")) on \
      \(tasks.count) test tasks: at most \(Format.count(budget)) calls\(report.price(of: budget, pricing))
      """)
    return try await run.compare(methods.map(\.effective), on: tasks, split: .test, critic: { _ in critic })
  }
}

extension WholeWayReport {
  fileprivate mutating func add(_ report: CollectReport) {
    collected.append(report)
    policyCalls += report.policyCalls
    cost += report.cost
  }

  fileprivate mutating func add(_ report: TrainReport) { (training, reached) = (report, .train) }
  fileprivate mutating func add(_ report: DiagnoseReport) { (diagnosis, reached) = (report, .diagnose) }
  fileprivate mutating func choose(_ method: Steering.Method) { (self.method, reached) = (method.rawValue, .plan) }
  fileprivate mutating func end(_ reason: String) { ended = reason }

  fileprivate mutating func add(_ comparison: Comparison) {
    (self.comparison, reached) = (comparison, .compare)
    // The total of the budget, which all stages share.
    if let total = comparison.total { (policyCalls, cost) = (total.policyCalls, total.cost) }
  }

  /// What so many calls cost, if they are like those that were made.
  fileprivate func price(of calls: Int, _ pricing: Pricing) -> String {
    guard !pricing.isFree, policyCalls > 0 else { return "" }
    return ", about \(Format.money(cost / Double(policyCalls) * Double(calls)))"
  }
}
