import Agents

/// The correlation between rollouts of one state, or of one task, beyond what their positions predict.
///
/// Let ρ be the intraclass correlation of the residual (return-to-go minus its expectation), and α = (1 − ρ)/ρ. With n
/// draws from a group, the group's mean has the weight n/(n + α) in the best linear prediction of another member, and
/// the knowledge of states at that position has the rest. At ρ near 1 a clone ends like its ancestor.
struct Concentration: Sendable {
  /// α by step, for rollouts with the same actions and observations so far.
  let ofState: [Double]
  /// α by step, for other rollouts of the same task.
  let ofTask: [Double]

  /// The prior correlation, and the number of pairs that it counts as.
  private static let prior = (correlation: 0.2, pairs: 20.0)

  init(paths: [ValueSpace.Path], members: [[Int]], steps: Int) {
    var (ofState, ofTask): ([Double], [Double]) = ([], [])
    // The estimate for one step is the prior for the next.
    var (stateGuess, taskGuess) = (Self.prior.correlation, Self.prior.correlation)
    for step in 0..<steps {
      let running = paths.indices.filter { paths[$0].length > step }
      let open = Dictionary(
        uniqueKeysWithValues: running.map { path in
          let togo = paths[path].rewards[paths[path].length] - paths[path].rewards[step]
          return (path, togo - paths[path].positions[step].x)
        })
      let variance = open.values.reduce(0) { $0 + $1 * $1 } / Double(max(open.count, 1))
      var (state, task) = (Pairs(), Pairs())
      for siblings in Dictionary(grouping: running, by: { paths[$0].task }).values {
        for (place, first) in siblings.enumerated() {
          for second in siblings[(place + 1)...] {
            let product = (open[first] ?? 0) * (open[second] ?? 0)
            if paths[first].groups[step] == paths[second].groups[step] {
              state.add(product, groupSize: siblings.count)
            } else {
              task.add(product, groupSize: siblings.count)
            }
          }
        }
      }
      stateGuess = state.correlation(variance: variance, guess: stateGuess, worth: Self.prior.pairs)
      taskGuess = min(task.correlation(variance: variance, guess: taskGuess, worth: Self.prior.pairs), stateGuess)
      ofState.append((1 - stateGuess) / stateGuess)
      ofTask.append((1 - taskGuess) / taskGuess)
    }
    self.ofState = ofState
    self.ofTask = ofTask
  }

  private struct Pairs {
    private var sum = 0.0
    private var pairs = 0.0
    /// The effective number of pairs. Pairs of one task are not independent; they count as its number of rollouts less
    /// one.
    private var worth = 0.0

    mutating func add(_ product: Double, groupSize: Int) {
      sum += product
      pairs += 1
      worth += 2 / Double(groupSize)
    }

    func correlation(variance: Double, guess: Double, worth prior: Double) -> Double {
      guard variance > 1e-15, pairs > 0 else { return guess }
      let raw = min(max(sum / pairs / variance, 0), 1)
      return min(max((worth * raw + prior * guess) / (worth + prior), 0.01), 0.99)
    }
  }
}
