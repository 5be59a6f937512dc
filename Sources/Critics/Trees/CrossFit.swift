import Agents
import Foundation

/// The number of boosting rounds with the best predictions on tasks that were not trained on, and those predictions.
struct CrossFit: Sendable {
  /// Boosting rounds; 0 if trees predict unseen tasks no better than the marginal.
  let rounds: Int
  let folds: Int
  /// For each row, the class probabilities of the model that was trained without its task.
  let probabilities: [[Double]]
  /// Mean negative log-probability, in nats, of the rows' classes under ``probabilities``.
  let logLoss: Double
  /// The same without trees: the marginal of the other folds' rows.
  let marginalLogLoss: Double

  /// Divides tasks, not rows, into folds. Rows of one task are too similar to test each other.
  static func folds(of tasks: [TaskID], count: Int, seed: Seed) -> [TaskID: Int] {
    var generator = seed.split("folds").generator()
    let shuffled = Set(tasks).sorted().shuffled(using: &generator)
    return Dictionary(uniqueKeysWithValues: shuffled.enumerated().map { ($1, $0 % count) })
  }

  /// The log of the class frequencies with half a pseudo-count each, so that an unseen class keeps a finite margin.
  static func baseMargin(labels: some Collection<Int>, classes: Int) -> [Float] {
    var counts = [Double](repeating: 0.5, count: classes)
    for label in labels { counts[label] += 1 }
    let total = counts.reduce(0, +)
    return counts.map { Float(log($0 / total)) }
  }

  /// Trains one booster per fold, all in step, and keeps the round with the least held-out log-loss.
  ///
  /// The trees are kept only if their gain over the marginal, summed by task, exceeds one standard error. Otherwise the
  /// marginal is kept.
  init(
    rows: [TrainingRow], labels: [Int], classes: Int, columns: Int, settings: TreesCritic.Settings, seed: Seed,
    progress: ((String) -> Void)?
  ) throws(CriticError) {
    let tasks = rows.map(\.task)
    folds = min(settings.folds, Set(tasks).count)
    let foldOf = Self.folds(of: tasks, count: folds, seed: seed)
    var models: [Fold] = []
    for fold in 0..<folds {
      models.append(
        try Fold(
          held: rows.indices.filter { foldOf[tasks[$0]] == fold },
          trained: rows.indices.filter { foldOf[tasks[$0]] != fold },
          rows: rows, labels: labels, classes: classes, columns: columns, settings: settings,
          seed: seed.split("fold").split(fold)))
    }

    var marginal = [[Double]](repeating: [], count: rows.count)
    for model in models {
      guard let probabilities = softmax(model.baseMargin[...]) else { continue }
      for row in model.heldRows { marginal[row] = probabilities }
    }
    let marginalLosses = Self.losses(marginal, labels: labels)
    var best = (round: 0, probabilities: marginal, losses: marginalLosses, total: marginalLosses.reduce(0, +))

    for round in 1...max(settings.mostRounds, 1) where settings.mostRounds > 0 {
      var probabilities = marginal
      for model in models { try model.grow(round: round - 1, into: &probabilities) }
      let losses = Self.losses(probabilities, labels: labels)
      let total = losses.reduce(0, +)
      if total < best.total { best = (round, probabilities, losses, total) }
      if round.isMultiple(of: 10) {
        progress?("round \(round): held-out log-loss \(Self.text(total, rows)), best \(Self.text(best.total, rows))")
      }
      if round - best.round >= settings.patience { break }
    }

    var gains: [TaskID: Double] = [:]
    for index in rows.indices { gains[tasks[index], default: 0] += marginalLosses[index] - best.losses[index] }
    let isEarned = Self.exceedsStandardError(gains.sorted { $0.key < $1.key }.map(\.value))
    marginalLogLoss = marginalLosses.reduce(0, +) / Double(rows.count)
    rounds = isEarned ? best.round : 0
    probabilities = isEarned ? best.probabilities : marginal
    logLoss = isEarned ? best.total / Double(rows.count) : marginalLogLoss
  }

  private static func losses(_ probabilities: [[Double]], labels: [Int]) -> [Double] {
    zip(probabilities, labels).map { -log(max($0[$1], 1e-300)) }
  }

  private static func text(_ total: Double, _ rows: [TrainingRow]) -> String {
    String(format: "%.4f", total / Double(rows.count))
  }

  /// Whether Σ gains > √(T·s²), the standard error of a sum of T independent gains.
  private static func exceedsStandardError(_ gains: [Double]) -> Bool {
    let count = Double(gains.count)
    let sum = gains.reduce(0, +)
    let mean = sum / count
    let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    return sum > 0 && sum > (count * variance).squareRoot()
  }
}

/// One fold: its booster, its training rows and its held-out rows.
private struct Fold {
  let heldRows: [Int]
  let baseMargin: [Float]
  private let booster: Booster
  private let trained: FeatureMatrix
  private let held: FeatureMatrix

  init(
    held heldRows: [Int], trained trainedRows: [Int], rows: [TrainingRow], labels: [Int], classes: Int, columns: Int,
    settings: TreesCritic.Settings, seed: Seed
  ) throws(CriticError) {
    let trainedLabels = trainedRows.map { labels[$0] }
    self.heldRows = heldRows
    baseMargin = CrossFit.baseMargin(labels: trainedLabels, classes: classes)
    trained = try FeatureMatrix(
      trainedRows.map { rows[$0].features }, columns: columns, baseMargin: baseMargin, labels: trainedLabels)
    held = try FeatureMatrix(heldRows.map { rows[$0].features }, columns: columns, baseMargin: baseMargin)
    booster = try Booster(classes: classes, settings: settings, seed: seed, cached: [trained, held])
  }

  /// Trains one round and writes the held-out rows' probabilities.
  func grow(round: Int, into probabilities: inout [[Double]]) throws(CriticError) {
    try booster.update(round: round, on: trained)
    let margins = try booster.margins(of: held)
    let classes = baseMargin.count
    for (place, row) in heldRows.enumerated() {
      guard let masses = softmax(margins[(place * classes)..<((place + 1) * classes)]) else {
        throw CriticError(.failed, "Round \(round) gave margins that are not finite; lower the learning rate.")
      }
      probabilities[row] = masses
    }
  }
}
