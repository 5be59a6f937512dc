import Agents
import ArgumentParser
import Critics
import Foundation
import Reporting
import RolloutStore
import Steering

struct Train: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Fit a critic on the store and print its figures on tasks it never saw.",
    discussion: """
      Boosted trees that predict the distribution of the return-to-go. Trained on the stored rollouts of the train split; \
      judged on those of the validation split or, where there are none, on a fifth of the train tasks, held out. \
      --critic lm trains a language model that reads the states instead (a low-rank adapter and a head), in this process.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("The critic's name, or a file ending in .json to write it to.", valueName: "name"))
  var critic = CriticSettings.Kind.trees.rawValue

  #if OpenWeights
    @OptionGroup(title: "A critic that reads (--critic lm)") var reading: ReadingOptions
  #endif

  #if OpenWeights
    func validate() throws {
      if critic != CriticSettings.Kind.lm.rawValue, let option = reading.given.first {
        throw ValidationError("--\(option) is of a critic that reads: --critic lm.")
      }
    }
  #endif

  func run() async throws {
    let workbench = try await Workbench(common, creating: false)
    let report = try await train(workbench)
    try common.deliver(report) { report.text }
  }
}

extension Train {
  private func train(_ workbench: Workbench) async throws -> TrainReport {
    guard critic == CriticSettings.Kind.lm.rawValue else { return try await workbench.train(critic) }
    #if OpenWeights
      let (reading, seed) = (reading, common.seed)
      return try await stoppingInOrder(workbench.budget) {
        try await workbench.trainReader("lm", options: reading.settings(seed))
      }
    #else
      _ = try await workbench.openCritic(at: "")
      return try await workbench.train(critic)
    #endif
  }
}

/// What a training gave.
struct TrainReport: Encodable {
  let critic: String
  let environment: EnvironmentIdentity
  let policy: String
  let tasks: Int
  let rollouts: Int
  let rounds: Int
  var unit = "rounds"
  let heldOut: HeldOutFigures
  let heldOutFrom: String
  let seconds: Double

  var text: String {
    heldOut.table.text + "\n\n"
      + "Trained on \(rollouts) rollouts of \(tasks) tasks (\(rounds) \(unit), \(Format.duration(seconds: seconds))); "
      + "judged on \(heldOutFrom). Written to \(critic)."
  }
}

extension HeldOutFigures {
  /// The critic's figures by step, each beside the constant predictor's.
  var table: TextTable {
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

extension Workbench {
  /// Trains on the store, judges on tasks the critic never saw, and writes the artifact.
  func train(_ name: String) async throws -> TrainReport {
    let start = ContinuousClock.now
    let seed = Seed(configuration.steering.seed).split("train")
    let (training, held, heldOutFrom) = try await criticRollouts()
    let critic = try TreesCritic.fit(training, environment: suite.identity, policy: policyIdentity, seed: seed) {
      line in
      if !options.quiet { Console.note(line) }
    }
    let success = suite.maximalReward ?? (training + held).map(\.reward).max() ?? 1
    let figures = try HeldOutFigures.evaluate(critic, on: held, success: success)
    let path = criticPath(name)
    try Console.write(try critic.encoded(), toFile: path)
    return TrainReport(
      critic: path, environment: suite.identity, policy: policyIdentity, tasks: Set(training.map(\.task.id)).count,
      rollouts: training.count, rounds: critic.record.rounds, heldOut: figures,
      heldOutFrom: "\(held.count) rollouts of \(Set(held.map(\.task.id)).count) tasks from \(heldOutFrom)",
      seconds: (ContinuousClock.now - start).inSeconds)
  }

  /// The rollouts that a critic learns from, and those of other tasks that it is judged by, with where they are from.
  func criticRollouts() async throws -> (training: [Trajectory], held: [Trajectory], from: String) {
    let seed = Seed(configuration.steering.seed).split("train")
    var training = try await rollouts(in: .train)
    try await noteFailedAttempts(in: [.train, .validation])
    var held = try await store.rollouts(of: suite.identity, policy: policyIdentity, split: .validation).map(
      \.trajectory)
    var heldOutFrom = "the validation split"
    if held.isEmpty {
      var generator = seed.split("held out").generator()
      let tasks = Set(training.map(\.task.id)).sorted()
      let chosen = Set(generator.drawn(max(1, tasks.count / 5), from: tasks))
      held = training.filter { chosen.contains($0.task.id) }
      training.removeAll { chosen.contains($0.task.id) }
      heldOutFrom = "a fifth of the train split, held out"
    }
    return (training, held, heldOutFrom)
  }
}
