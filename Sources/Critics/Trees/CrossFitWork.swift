import Agents
import Foundation

/// The data of a ``CrossFit`` by fold, and the steps of its training.
struct CrossFitWork {
  let set: TrainingSet
  let bins: ReturnBins
  let features: FeatureMap
  let settings: TreesCritic.Settings
  let seed: Seed
  let folds: Int
  let foldOfState: [Int]
  /// The states of each fold.
  let held: [[Int]]
  /// How often each state was visited by rollouts that count.
  let visits: [Double]
  /// The mean return-to-go of each state, scaled to 0...1; 0 without a visit.
  let shares: [Double]
  /// For each state, how often each bin was observed.
  let counts: [[Double]]
  /// The number of visits of all states.
  let total: Double
  private let rows: [FeatureRow]
  private let low: Double
  private let range: Double

  init(
    _ set: TrainingSet, bins: ReturnBins, features: FeatureMap, settings: TreesCritic.Settings, seed: Seed
  ) {
    (self.set, self.bins, self.features, self.settings, self.seed) = (set, bins, features, settings, seed)
    let trained = Set(set.paths.compactMap { path in path.states.first.map { set.states[$0].task } }).sorted()
    folds = max(min(settings.folds, trained.count), 1)
    let names = CrossFit.folds(of: trained.map { set.tasks[$0] }, count: folds, seed: seed)
    // A task without a finished rollout is never trained on, so any fold may hold it.
    let foldOfTask = set.tasks.map { names[$0] ?? 0 }
    foldOfState = set.states.map { foldOfTask[$0.task] }
    var held = Array(repeating: [Int](), count: folds)
    for (state, fold) in foldOfState.enumerated() { held[fold].append(state) }
    self.held = held
    visits = set.states.map { Double($0.returns.count) }
    total = visits.reduce(0, +)
    let (low, range) = bins.scale
    (self.low, self.range) = (low, range)
    shares = set.states.map { state in
      guard !state.returns.isEmpty else { return 0 }
      let mean = state.returns.reduce(0, +) / Double(state.returns.count)
      return min(max((mean - low) / range, 0), 1)
    }
    counts = set.states.map { state in
      var counts = [Double](repeating: 0, count: bins.count)
      for value in state.returns { counts[bins.bin(of: value)] += 1 }
      return counts
    }
    rows = set.states.map(\.features)
  }

  /// The states that are not in these folds.
  private func without(_ left: Int...) -> [Int] {
    foldOfState.indices.filter { !left.contains(foldOfState[$0]) }
  }

  private func grower(
    _ targets: [Double], weights: [Double]? = nil, train: [Int], held: [Int], seed: Seed
  ) throws(CriticError) -> Grower {
    try Grower(
      targets, weights: weights ?? visits, train: train, held: held, states: rows, visits: visits, shares: shares,
      columns: features.columns, settings: settings, seed: seed)
  }

  /// Trees for each fold, trained on the other folds.
  ///
  /// - Parameter targets: the targets and weights of all states for the trees of a fold.
  func growers(
    _ name: String, _ targets: (_ fold: Int) -> (targets: [Double], weights: [Double])
  ) throws(CriticError) -> [Grower] {
    try concurrently(folds) { (fold) throws(CriticError) in
      let (targets, weights) = targets(fold)
      let grower = try grower(
        targets, weights: weights, train: without(fold), held: held[fold], seed: seed.split(name).split(fold))
      try grower.grow(to: settings.mostRounds, patience: 2 * min(settings.patience, settings.mostRounds))
      return grower
    }
  }

  /// Trees on all tasks.
  func final(_ targets: [Double], weights: [Double], rounds: Int) throws(CriticError) -> Grower {
    let grower = try grower(
      targets, weights: weights, train: Array(foldOfState.indices), held: [], seed: seed.split("final"))
    try grower.grow(to: rounds)
    return grower
  }

  /// For each fold g and each state of another fold f, the expected return-to-go (scaled) by trees that saw neither f
  /// nor g. Targets bootstrapped from trees that saw g would carry the returns of g into the training for g: on one
  /// small world the held-out R² was then .38 and on fresh tasks .24.
  func pairValues(rounds: Int) throws(CriticError) -> [[Double]] {
    var values = Array(repeating: Array(repeating: 0.0, count: rows.count), count: folds)
    let pairs = (0..<folds).flatMap { f in (0..<f).map { (f: f, g: $0) } }
    let growers = try concurrently(pairs.count) { (index) throws(CriticError) in
      let (f, g) = pairs[index]
      let grower = try grower(
        shares, train: without(f, g), held: held[f] + held[g],
        seed: seed.split("pair").split(f).split(g))
      try grower.grow(to: rounds)
      return grower
    }
    for (pair, grower) in zip(pairs, growers) {
      for (state, margin) in zip(grower.held, try grower.margins(after: rounds)) {
        values[foldOfState[state] == pair.f ? pair.g : pair.f][state] = sigmoid(margin)
      }
    }
    return values
  }

  /// λ-returns (Sutton and Barto, 2018, §12.1), scaled to 0...1, as the mean over the visits of each state, and how
  /// often each state counts. Steps from states that a method chose count with their one-step return.
  ///
  /// - Parameter value: the expected return-to-go of a state, scaled to 0...1.
  func targets(lambda: Double, value: (Int) -> Double) -> (targets: [Double], weights: [Double]) {
    var sums = Array(repeating: 0.0, count: rows.count)
    var weights = Array(repeating: 0.0, count: rows.count)
    func add(_ state: Int, _ target: Double) {
      sums[state] += min(max((target - low) / range, 0), 1)
      weights[state] += 1
    }
    for path in set.paths {
      guard let last = path.rewards.last else { continue }
      add(path.states[path.rewards.count], last)
      var target = last
      add(path.states[path.rewards.count - 1], target)
      for step in stride(from: path.rewards.count - 2, through: 0, by: -1) {
        let next = low + range * value(path.states[step + 1])
        target = path.rewards[step] + (1 - lambda) * next + lambda * target
        add(path.states[step], target)
      }
    }
    for transition in set.transitions {
      add(transition.from, transition.reward + (transition.to.map { low + range * value($0) } ?? 0))
    }
    return (zip(sums, weights).map { $1 > 0 ? $0 / $1 : 0 }, weights)
  }

  /// The held-out margins, by state.
  func scores(_ growers: [(grower: Grower, rounds: Int)]) throws(CriticError) -> [Double] {
    var scores = Array(repeating: 0.0, count: rows.count)
    for (grower, rounds) in growers {
      for (state, margin) in zip(grower.held, try grower.margins(after: rounds)) { scores[state] = margin }
    }
    return scores
  }

  /// The marginal of the other folds, by state.
  func marginals(pseudoCount: Double) -> [[Double]] {
    let ofFold = (0..<folds).map { fold in
      var frequencies = [Double](repeating: pseudoCount, count: bins.count)
      for state in without(fold) { for bin in frequencies.indices { frequencies[bin] += counts[state][bin] } }
      let sum = frequencies.reduce(0, +)
      return frequencies.map { $0 / sum }
    }
    return foldOfState.map { ofFold[$0] }
  }

  /// The links fitted on the out-of-fold scores of these folds.
  func links(_ scores: [Double], of members: [Int]) -> StepLinks {
    let states = foldOfState.indices.filter { members.contains(foldOfState[$0]) && visits[$0] > 0 }
    return StepLinks(
      steps: states.map { set.states[$0].step }, scores: states.map { scores[$0] }, counts: states.map { counts[$0] },
      bins: bins.count)
  }

  /// The log-loss of a state's visits, in nats.
  func loss(_ belief: [Double], of state: Int) -> Double {
    var loss = 0.0
    for (bin, count) in counts[state].enumerated() where count > 0 { loss -= count * log(max(belief[bin], 1e-12)) }
    return loss
  }

  /// The log-loss of each state's visits.
  func losses(_ beliefs: [[Double]]) -> [Double] { beliefs.indices.map { loss(beliefs[$0], of: $0) } }

  /// Whether Σ gains > √(T·s²), the standard error of a sum of T independent gains, over the tasks of these folds.
  func isGain(of losses: [Double], over base: [Double], in members: [Int]) -> Bool {
    var gains = Array(repeating: 0.0, count: set.tasks.count)
    var isThere = Array(repeating: false, count: set.tasks.count)
    for (state, fold) in foldOfState.enumerated() where members.contains(fold) && visits[state] > 0 {
      gains[set.states[state].task] += base[state] - losses[state]
      isThere[set.states[state].task] = true
    }
    let own = zip(gains, isThere).filter(\.1).map(\.0)
    guard own.count > 1 else { return false }
    let count = Double(own.count)
    let sum = own.reduce(0, +)
    let mean = sum / max(count, 1)
    let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    return sum > 0 && sum > (count * variance).squareRoot()
  }

  /// The rows with one group of features taken from other states of the same fold (permutation importance: Breiman,
  /// Machine Learning 45, 2001).
  func shuffled(_ group: FeatureMap.Group) -> [FeatureRow] {
    var result = rows
    for (fold, states) in held.enumerated() {
      var generator = seed.split("group").split(group.rawValue).split(fold).generator()
      for (state, donor) in zip(states, states.shuffled(using: &generator)) {
        result[state] = rows[state].replacing(from: rows[donor]) { features.group(of: $0) == group }
      }
    }
    return result
  }

  /// A total loss as nats a visit.
  func text(_ loss: Double) -> String { String(format: "%.4f", loss / max(total, 1)) }
}

extension ReturnBins {
  /// The smallest return and the range, by which returns are scaled to 0...1.
  var scale: (low: Double, range: Double) {
    let low = values.first ?? 0
    return (low, max((values.last ?? 0) - low, 1e-12))
  }
}

extension FeatureRow {
  /// The row with the columns that `isReplaced` chooses taken from another row.
  func replacing(from other: FeatureRow, where isReplaced: (Int) -> Bool) -> FeatureRow {
    let own = zip(indices, values).filter { !isReplaced(Int($0.0)) }
    let new = zip(other.indices, other.values).filter { isReplaced(Int($0.0)) }
    let all = (own + new).sorted { $0.0 < $1.0 }
    return FeatureRow(indices: all.map(\.0), values: all.map(\.1))
  }
}
