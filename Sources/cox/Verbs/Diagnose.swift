import Agents
import ArgumentParser
import Critics
import Foundation
import Reporting
import Steering

struct Diagnose: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Say from stored rollouts whether there is anything to select, before anything is paid.",
    discussion: """
      Looks at the rollouts that cox collect has stored: how much they differ within a task, what the best of several would \
      have come to, and how early their end can be told. Asks no model. The end is predicted by trees that are trained on \
      some of the tasks and judge the others; with --critic, by that critic, on tasks it was not trained on.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Only rollouts of this split: train, validation or test.", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp(
      "What predicts the end: a critic file or the name given to cox train, or constant for the reward so far alone.",
      valueName: "critic"))
  var critic: String?

  @Option(help: ArgumentHelp("Write the diagnosis as an HTML page too.", valueName: "file"))
  var html: String?

  func run() async throws {
    let workbench = try await Workbench(common, creating: false)
    let report = try await workbench.diagnose(split: split, critic: critic)
    try common.deliver(report) { report.text }
    if let html {
      let page = ReportPage(
        title: "Diagnosis: \(workbench.suite.identity.kind)",
        subtitle: "\(workbench.suite.identity), policy \(workbench.policyIdentity)",
        sections: [.init(diagnosis: report.diagnosis, table: report.table)])
      try Console.write(Data(page.html.utf8), toFile: html)
    }
  }
}

/// What a diagnosis gave.
struct DiagnoseReport: Encodable {
  let environment: EnvironmentIdentity
  let policy: String
  /// nil for all splits.
  let split: String?
  /// What predicted the end; nil for the reward so far alone.
  let critic: String?
  let diagnosis: Diagnosis
  /// Attempts that failed, which are not among the rollouts.
  let failedAttempts: FailedAttempts
  /// What the figures mean.
  let sentences: [String]
  /// What to do, and the numbers that led to it.
  let advice: String
  let table: DiagnosisTable

  private enum CodingKeys: String, CodingKey {
    case environment, policy, split, critic, diagnosis, failedAttempts, sentences, advice
  }

  init(
    _ diagnosis: Diagnosis, environment: EnvironmentIdentity, policy: String, split: Split?, critic: String?,
    failedAttempts: FailedAttempts
  ) {
    table = DiagnosisTable(diagnosis, predictedBy: critic, failedAttempts: failedAttempts)
    self.failedAttempts = failedAttempts
    self.environment = environment
    self.policy = policy
    self.split = split?.rawValue
    self.critic = critic
    self.diagnosis = diagnosis
    sentences = table.sentences
    advice = "\(table.advice). \(table.because)"
  }

  var text: String { table.text() }
}

extension Workbench {
  /// Reads the stored rollouts, of all splits where none is named, and diagnoses them.
  func diagnose(split: Split?, critic: String?) async throws -> DiagnoseReport {
    let rollouts = try await rollouts(in: split)
    let predictor = try await predictor(of: rollouts, critic: critic)
    guard
      let diagnosis = Diagnosis(
        rollouts, maximalReward: suite.maximalReward, expectedReturnsToGo: predictor?.expectedReturnsToGo)
    else {
      throw CriticError(
        .tooLittleData,
        "None of the \(rollouts.count) stored rollouts is finished. Run the same cox collect again to finish them.")
    }
    return DiagnoseReport(
      diagnosis, environment: suite.identity, policy: policyIdentity, split: split, critic: predictor?.name,
      failedAttempts: try await failedAttempts(in: split.map { [$0] } ?? Split.allCases))
  }

  private struct Predictor {
    let name: String
    /// As ``Diagnosis`` takes them.
    let expectedReturnsToGo: [[Double]]
  }

  /// What never saw the tasks it judges; nil for the reward so far alone.
  private func predictor(of rollouts: [Trajectory], critic flag: String?) async throws -> Predictor? {
    guard let flag else { return try await crossFitted(rollouts) }
    guard let critic = try critic(flag) as? TreesCritic else { return nil }
    let seen = Set(critic.record.tasks)
    guard rollouts.contains(where: { !seen.contains($0.task.id) }) else {
      throw ConfigurationError(
        """
        The critic \(criticPath(flag)) was trained on all of these tasks, and says nothing of new ones here. Choose another \
        --split, or leave --critic out: then trees are trained on some tasks and judge the others.
        """)
    }
    var expected: [[Double]] = []
    for rollout in rollouts {
      let states = seen.contains(rollout.task.id) ? [] : (0..<rollout.count).map { CriticState(rollout.prefix($0)) }
      expected.append(try critic.predict(states).map(\.mean))
    }
    return Predictor(name: "\(critic.identity), on tasks it was not trained on", expectedReturnsToGo: expected)
  }

  private func crossFitted(_ rollouts: [Trajectory]) async throws -> Predictor? {
    do throws(CriticError) {
      let beliefs = try await CrossFitted.beliefs(
        about: rollouts, environment: suite.identity, policy: policyIdentity,
        seed: Seed(configuration.steering.seed).split("diagnose")
      ) { line in
        if !options.quiet { Console.note(line) }
      }
      return Predictor(
        name: "trees, each fold of tasks judged by those trained on the others",
        expectedReturnsToGo: beliefs.map { $0.map(\.mean) })
    } catch {
      // A single task has much to tell without a critic.
      guard error.kind == .tooLittleData else { throw error }
      return nil
    }
  }
}
