import Agents
import Dispatch
import Foundation
import Synchronization

/// Trees that learn one number in 0...1, grown round by round on some states and judged on others.
final class Grower {
  /// The states that are judged.
  let held: [Int]
  /// The cross-entropy on the visits of the held-out states, in nats, after 0, 1, 2, … rounds.
  private(set) var losses: [Double] = []

  /// The margin before any tree: the log-odds of the mean.
  let baseMargin: Float
  private let booster: Booster
  /// The matrices are kept while the trees grow: of ten thousand rollouts they take some 100 MB.
  private var trained: FeatureMatrix?
  private var matrix: FeatureMatrix?
  private let states: [FeatureRow]
  private let visits: [Double]
  private let shares: [Double]
  private let columns: Int

  /// - Parameters:
  ///   - targets: one for each state of the set.
  ///   - weights: how often each state counts; those that do not are left out.
  ///   - train: the states to learn from.
  ///   - held: the states to judge.
  ///   - visits: how often each state of the set was visited.
  ///   - shares: the mean return-to-go of each state of the set, scaled to 0...1.
  init(
    _ targets: [Double], weights: [Double], train: [Int], held: [Int], states: [FeatureRow], visits: [Double],
    shares: [Double], columns: Int, settings: TreesCritic.Settings, seed: Seed
  ) throws(CriticError) {
    (self.held, self.columns, self.states) = (held, columns, states)
    self.visits = held.map { visits[$0] }
    self.shares = held.map { shares[$0] }
    let train = train.filter { weights[$0] > 0 }
    guard !train.isEmpty else { throw CriticError(.tooLittleData, "There is nothing to train a critic on.") }
    let total = train.reduce(0) { $0 + weights[$1] }
    let mean = (train.reduce(0) { $0 + weights[$1] * targets[$1] } + 0.5) / (total + 1)
    baseMargin = Float(log(mean / (1 - mean)))
    let trained = try FeatureMatrix(
      train.map { states[$0] }, columns: columns, baseMargin: baseMargin, labels: train.map { Float(targets[$0]) },
      weights: train.map { Float(weights[$0]) })
    let matrix =
      held.isEmpty ? nil : try FeatureMatrix(held.map { states[$0] }, columns: columns, baseMargin: baseMargin)
    (self.trained, self.matrix) = (trained, matrix)
    booster = try Booster(settings: settings, seed: seed, cached: [trained] + [matrix].compactMap(\.self))
    losses = [loss(held.map { _ in baseMargin })]
  }

  /// Grows once, until the loss on the held-out states has not fallen for `patience` rounds, or to `most` rounds.
  ///
  /// XGBoost keeps the predictions that it updates with each round by thread: a grower is made and grown by one thread.
  func grow(to most: Int, patience: Int = .max) throws(CriticError) {
    guard let trained else { return }
    var best = 0
    while losses.count <= most, losses.count - 1 - best < patience {
      try booster.update(round: losses.count - 1, on: trained)
      if let matrix { losses.append(loss(try booster.margins(of: matrix))) } else { losses.append(0) }
      if losses[losses.count - 1] < losses[best] { best = losses.count - 1 }
    }
    (self.trained, matrix) = (nil, nil)
  }

  private func loss(_ margins: [Float]) -> Double {
    var loss = 0.0
    for place in margins.indices where visits[place] > 0 {
      let margin = Double(margins[place])
      // −t·log σ(m) − (1 − t)·log σ(−m) = log(1 + e^m) − t·m.
      loss += visits[place] * (max(margin, 0) + log1p(exp(-abs(margin))) - shares[place] * margin)
    }
    return loss
  }

  /// The loss after so many rounds, or after all if there are fewer.
  func loss(after rounds: Int) -> Double { losses[min(rounds, losses.count - 1)] }

  /// The margins of the held-out states after so many rounds; of all rounds if there are fewer.
  func margins(after rounds: Int) throws(CriticError) -> [Double] {
    try margins(of: held.map { states[$0] }, after: rounds)
  }

  /// The margins of other rows after so many rounds.
  func margins(of rows: [FeatureRow], after rounds: Int) throws(CriticError) -> [Double] {
    let rounds = min(rounds, losses.count - 1)
    guard rounds > 0, !rows.isEmpty else { return Array(repeating: Double(baseMargin), count: rows.count) }
    let matrix = try FeatureMatrix(rows, columns: columns, baseMargin: baseMargin)
    return try booster.margins(of: matrix, rounds: rounds).map(Double.init)
  }

  /// The trees as XGBoost's JSON.
  func model() throws(CriticError) -> String { try booster.model() }
}

extension [Grower] {
  /// The number of rounds with the least sum of losses over some of the growers.
  func bestRounds(over members: some Sequence<Int>) -> Int {
    let members = [Int](members)
    let most = members.map { self[$0].losses.count - 1 }.max() ?? 0
    return (0...most).min { (total(after: $0, over: members), $0) < (total(after: $1, over: members), $1) } ?? 0
  }

  /// The sum of some growers' losses.
  func total(after rounds: Int, over members: some Sequence<Int>) -> Double {
    members.reduce(0) { $0 + self[$1].loss(after: rounds) }
  }
}

/// Makes values side by side, on as many threads as there are active processors, and waits.
///
/// - Returns: the values in order.
/// - Throws: the first error.
func concurrently<Value>(
  _ count: Int, _ make: (Int) throws(CriticError) -> Value
) throws(CriticError) -> [Value] {
  let results = Mutex<[Int: Result<Handed<Value>, CriticError>]>([:])
  withoutActuallyEscaping(make) { make in
    // All threads are done with it when the call returns.
    nonisolated(unsafe) let make = make
    DispatchQueue.concurrentPerform(iterations: count) { index in
      let result = Result { () throws(CriticError) in Handed(value: try make(index)) }
      results.withLock { $0[index] = result }
    }
  }
  var values: [Value] = []
  for index in 0..<count {
    if let result = results.withLock({ $0[index] }) { values.append(try result.get().value) }
  }
  return values
}

/// A value that one thread makes and another one uses afterwards.
private struct Handed<Value>: @unchecked Sendable {
  let value: Value
}
