import Agents
import Foundation

/// One cross-fit: trees trained on all folds of tasks but one, and their predictions for the fold left out.
///
/// The trees learn the scaled return-to-go, one tree a round, and ``StepLinks`` turn their score into a distribution.
/// The targets are Monte Carlo returns or λ-returns. Targets, rounds, and whether the trees are used at all are chosen by
/// held-out loss, and for the predictions of a fold by the losses of the other folds alone, so that ``beliefs`` are those
/// of unseen tasks. Only the number of rounds of the values that λ-returns use is chosen by all folds.
struct CrossFit: Sendable {
  /// What was chosen.
  struct Choice: Sendable, Hashable {
    /// λ of the targets; 1 for Monte Carlo returns.
    var lambda = 1.0
    var rounds = 0
    /// Whether the trees' gain over the marginal, summed by task, exceeds one standard error.
    var isEarned = false
  }

  /// The choice by all folds.
  let choice: Choice
  let folds: Int
  /// For each state, the probabilities of the bins by trees that never saw its task.
  let beliefs: [[Double]]
  /// Mean negative log-probability, in nats, of the visits' bins under the trees; of the marginal if they are not used.
  let logLoss: Double
  /// The same for the marginal of the other folds.
  let marginalLogLoss: Double
  /// The links fitted on the out-of-fold scores of all tasks.
  let links: StepLinks
  /// The targets of trees on all tasks, one for each state, and how often each counts.
  let targets: [Double]
  let weights: [Double]
  /// How much of the gain over the marginal is lost without a group of features, the largest first; empty if it was not
  /// asked for or there is no gain.
  let groups: [(group: FeatureMap.Group, share: Double)]

  /// λ of the bootstrapped targets that are tried beside Monte Carlo returns.
  static let lambdas = [0.7, 0]

  /// Divides tasks, not rows, into folds. Rows of one task are too similar to test each other.
  static func folds(of tasks: [TaskID], count: Int, seed: Seed) -> [TaskID: Int] {
    var generator = seed.split("folds").generator()
    let shuffled = Set(tasks).sorted().shuffled(using: &generator)
    return Dictionary(uniqueKeysWithValues: shuffled.enumerated().map { ($1, $0 % count) })
  }

  /// - Parameters:
  ///   - judgesGroups: whether to find out which features carry the prediction.
  ///   - progress: called with messages on the progress.
  init(_ work: CrossFitWork, judgesGroups: Bool = false, progress: ((String) -> Void)? = nil) throws(CriticError) {
    folds = work.folds
    guard work.bins.count > 1 else {
      choice = Choice()
      beliefs = work.set.states.map { _ in [1] }
      (logLoss, marginalLogLoss) = (0, 0)
      links = StepLinks(steps: [], scores: [], counts: [], bins: 2)
      (targets, weights, groups) = ([], [], [])
      return
    }

    // Trees on Monte Carlo returns, and on returns bootstrapped from values of unseen tasks.
    var fits = [(lambda: 1.0, growers: try work.growers("fold") { _ in (work.shares, work.visits) })]
    let everyFold = Array(0..<work.folds)
    func note(_ name: String, _ growers: [Grower]) {
      let rounds = growers.bestRounds(over: everyFold)
      let loss = work.text(growers.total(after: rounds, over: everyFold))
      progress?("\(name): held-out loss \(loss) after \(rounds) rounds")
    }
    note("Monte Carlo returns", fits[0].growers)
    let rounds = fits[0].growers.bestRounds(over: everyFold)
    let values = try work.scores(fits[0].growers.map { ($0, rounds) }).map(sigmoid)
    if rounds > 0, folds > 2, work.settings.bootstraps {
      let pairs = try work.pairValues(rounds: rounds)
      for lambda in Self.lambdas {
        let growers = try work.growers("λ \(lambda)") { fold in work.targets(lambda: lambda) { pairs[fold][$0] } }
        fits.append((lambda, growers))
        note("λ-returns, λ \(lambda)", growers)
      }
    }
    /// The fit and the number of rounds with the least loss over some folds.
    func best(_ members: [Int]) -> (fit: Int, rounds: Int) {
      fits.indices.map { (fit: $0, rounds: fits[$0].growers.bestRounds(over: members)) }.min {
        fits[$0.fit].growers.total(after: $0.rounds, over: members)
          < fits[$1.fit].growers.total(after: $1.rounds, over: members)
      } ?? (0, 0)
    }
    let others = everyFold.map { fold in everyFold.filter { $0 != fold } }
    let chosen = others.map(best)
    let scores = try work.scores(chosen.enumerated().map { (fits[$1.fit].growers[$0], $1.rounds) })
    let ofFold = others.map { work.links(scores, of: $0) }
    let marginal = work.marginals(pseudoCount: 0.5)
    let constant = work.marginals(pseudoCount: 0)
    let predicted = scores.indices.map { state in
      ofFold[work.foldOfState[state]].probabilities(scores[state], after: work.set.states[state].step)
    }
    let (losses, marginalLosses) = (work.losses(predicted), work.losses(marginal))
    let isEarned = others.map { work.isGain(of: losses, over: marginalLosses, in: $0) }
    beliefs = predicted.indices.map { isEarned[work.foldOfState[$0]] ? predicted[$0] : constant[$0] }
    let whole = best(everyFold)
    choice = Choice(
      lambda: fits[whole.fit].lambda, rounds: whole.rounds,
      isEarned: whole.rounds > 0 && work.isGain(of: losses, over: marginalLosses, in: everyFold))
    let (sum, marginalSum) = (losses.reduce(0, +), marginalLosses.reduce(0, +))
    logLoss = (choice.isEarned ? sum : marginalSum) / work.total
    marginalLogLoss = marginalSum / work.total
    links = work.links(scores, of: everyFold)
    (targets, weights) =
      choice.lambda < 1 ? work.targets(lambda: choice.lambda) { values[$0] } : (work.shares, work.visits)

    guard judgesGroups, choice.isEarned else {
      groups = []
      return
    }
    var lost: [(group: FeatureMap.Group, share: Double)] = []
    for group in work.features.groups {
      let rows = work.shuffled(group)
      var without = 0.0
      for fold in everyFold {
        let held = work.held[fold]
        let margins = try fits[chosen[fold].fit].growers[fold].margins(
          of: held.map { rows[$0] }, after: chosen[fold].rounds)
        for (state, margin) in zip(held, margins) {
          without += work.loss(ofFold[fold].probabilities(margin, after: work.set.states[state].step), of: state)
        }
      }
      // Wrong values can be worse than none.
      lost.append((group, min((without - sum) / (marginalSum - sum), 1)))
    }
    groups = lost.sorted { $0.share > $1.share }
  }

  /// The mean square of the Bellman error of some values, without the variance of the next state: the mean product of
  /// the one-step errors of two different visits of a state (double sampling: Baird, ICML 1995).
  ///
  /// - Parameter values: the expected return-to-go of each state, in reward units.
  /// - Returns: nil if no state was visited twice before its end.
  static func squaredBellmanError(_ values: [Double], on set: TrainingSet) -> Double? {
    var errors: [Int: [Double]] = [:]
    for path in set.paths {
      for (step, reward) in path.rewards.enumerated() {
        let isLast = step + 1 == path.rewards.count
        let next = isLast ? 0 : values[path.states[step + 1]]
        errors[path.states[step], default: []].append(reward + next - values[path.states[step]])
      }
    }
    var (sum, count) = (0.0, 0.0)
    for state in set.states.indices {
      guard let own = errors[state], own.count > 1 else { continue }
      let total = own.reduce(0, +)
      let squares = own.reduce(0) { $0 + $1 * $1 }
      sum += (total * total - squares) / Double(own.count - 1)
      count += Double(own.count)
    }
    return count > 0 ? sum / count : nil
  }
}

/// The logistic function.
func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
