import Agents

/// Gradient-boosted trees over hashed words and the overlap of the agent's choices with the request, trained on stored
/// rollouts.
///
/// The critic predicts the distribution of the return-to-go over at most 16 bins, so that one fit serves every β. What
/// it is made of is chosen on tasks that were not trained on; see ``CrossFit``. If the trees do not beat the marginal on
/// unseen tasks, the critic is the marginal: every state has the same value, and steering is best-of-N.
///
/// ```swift
/// let critic = try TreesCritic.fit(rollouts, environment: world.identity, policy: policy.identity, seed: Seed(1))
/// try critic.encoded().write(to: file)
/// ```
public struct TreesCritic: Critic {
  let artifact: Artifact
  private let booster: Booster?
  private let digest: String
  private var embedder: (any Embedder)?

  /// - Throws: `CriticError` of kind `unreadable` if the parts do not fit together.
  init(_ artifact: Artifact) throws(CriticError) {
    try artifact.check()
    self.artifact = artifact
    booster = if let trees = artifact.trees { try Booster(model: trees.model) } else { nil }
    var hash = FNV1a()
    for byte in try artifact.encoded() { hash.add(byte: byte) }
    digest = hash.text
  }

  /// The training set and the result of the training.
  public var record: Record { artifact.record }

  /// The kind, the world, the size of the training set and a digest of everything that decides the values.
  public var identity: String {
    "trees, \(record.environment), \(record.rollouts) rollouts of \(record.tasks.count) tasks, \(digest)"
  }

  /// The identity of the embedder whose vectors are among the features; nil if there is none.
  public var embedderIdentity: String? { artifact.trees == nil ? nil : artifact.features.embedder }

  /// The same critic, which asks this embedder about new states.
  public func asking(_ embedder: any Embedder) -> TreesCritic {
    var critic = self
    critic.embedder = embedder
    return critic
  }

  public func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    guard embedderIdentity != nil, let embedder else { return try predict(states) }
    return try predict(states, embeddings: try await StateEmbeddings(of: states, by: embedder))
  }

  /// ``returnsToGo(from:)``, synchronously. Safe from any thread.
  ///
  /// - Parameter embeddings: of these states, for a critic with an embedder.
  public func predict(
    _ states: [CriticState], embeddings: StateEmbeddings? = nil
  ) throws(CriticError) -> [ReturnDistribution] {
    guard let booster, let trees = artifact.trees, !states.isEmpty else { return states.map { _ in record.marginal } }
    var reader = FeatureReader(artifact.features, embeddings: embeddings)
    var rows: [FeatureRow] = []
    for state in states { rows.append(try reader.row(for: state)) }
    let matrix = try FeatureMatrix(rows, columns: artifact.features.columns, baseMargin: trees.baseMargin)
    var result: [ReturnDistribution] = []
    for (state, margin) in zip(states, try booster.margins(of: matrix)) {
      guard margin.isFinite else {
        throw CriticError(.failed, "The critic's trees gave a margin that is not finite. Train it again.")
      }
      let probabilities = trees.links.probabilities(Double(margin), after: state.step)
      result.append(ReturnDistribution(returns: artifact.bins.values, probabilities: probabilities))
    }
    return result
  }
}

extension TreesCritic {
  /// The training set and the result of a training.
  public struct Record: Sendable, Hashable, Codable {
    /// The world of the rollouts. The critic rejects another one.
    public let environment: WorldIdentity
    /// The identity of the frozen policy whose return-to-go is predicted.
    public let policy: String
    /// The tasks trained on, sorted. Held-out figures refuse them.
    public let tasks: [TaskID]
    /// Finished rollouts, all of which were used.
    public let rollouts: Int
    /// Rollouts left out as unfinished, since their return is unknown.
    public let unfinished: Int
    /// States trained on.
    public let rows: Int
    /// Decides folds, bins and every fit.
    public let seed: Seed
    /// How the critic was trained.
    public let settings: Settings
    /// Distinct states, those of steered steps included.
    public let states: Int
    /// Steps from states that a method chose, which count with their one-step return; 0 unless asked for and used.
    public let steeredSteps: Int
    /// Folds of tasks that made all choices; 0 if all returns were equal.
    public let folds: Int
    /// Boosting rounds, one tree each; 0 if the critic is the marginal.
    public let rounds: Int
    /// λ of the trees' targets: 1 for Monte Carlo returns, 0 for one-step returns.
    public let lambda: Double
    /// Mean negative log-probability, in nats, of held-out tasks' returns-to-go.
    public let heldOutLogLoss: Double
    /// The same for the marginal, which does not depend on the state.
    public let marginalLogLoss: Double
    /// The root of the mean squared Bellman error of the held-out values, in reward units, without the variance of the
    /// next state; nil if no state was visited twice.
    public let bellmanError: Double?
    /// The groups of features by the share of the held-out gain that is lost without them, the largest first.
    public let features: [FeatureShare]
    /// The distribution of the return-to-go over all rows.
    public let marginal: ReturnDistribution
  }

  /// How much of a critic's gain over the marginal on held-out tasks rests on a group of features.
  public struct FeatureShare: Sendable, Hashable, Codable {
    /// The group in words.
    public let group: String
    /// The share of the gain in log-loss that is lost if the group's values are shuffled between states. Groups that
    /// carry the same information share it, so the shares need not add up to 1.
    public let share: Double
  }

  /// How a critic is trained. The defaults suit some 1,000 to 10,000 states.
  public struct Settings: Sendable, Hashable, Codable {
    /// Columns for the hashed words of each of request, last action and observation; 1 to 1,048,576.
    public var hashBuckets = 1024
    /// The most bins of the return-to-go; 1 to 64.
    public var bins = 16
    /// Folds of tasks; at least 2, and never more than there are tasks.
    public var folds = 5
    /// The most boosting rounds; 0 gives the marginal.
    public var mostRounds = 200
    /// Half the rounds without a lower held-out loss after which the search for the best one ends; at least 1.
    public var patience = 10
    /// Levels of a tree; 1 to 12.
    public var depth = 4
    /// Shrinkage of each tree (eta), in (0, 1].
    public var learningRate = 0.15
    /// The least sum of second derivatives in a leaf.
    public var minimumChildWeight = 5.0
    /// The share of rows each tree sees, in (0, 1].
    public var rowSample = 0.7
    /// The share of columns each tree sees, in (0, 1].
    public var columnSample = 0.8
    /// L2 penalty on leaf values.
    public var lambda = 2.0
    /// Whether λ-returns are tried beside Monte Carlo returns. With five folds that takes 25 fits in
    /// place of 5.
    public var bootstraps = true

    /// The defaults.
    public init() {}

    func check() throws(CriticError) {
      let faults: [(Bool, String)] = [
        ((1...FeatureMap.bucketLimit).contains(hashBuckets), "hashBuckets is \(hashBuckets), not 1...1048576"),
        ((1...64).contains(bins), "bins is \(bins), not 1...64"),
        (folds >= 2, "folds is \(folds), below 2"),
        (mostRounds >= 0, "mostRounds is \(mostRounds), below 0"),
        (patience >= 1, "patience is \(patience), below 1"),
        ((1...12).contains(depth), "depth is \(depth), not 1...12"),
        (learningRate > 0 && learningRate <= 1, "learningRate is \(learningRate), not above 0 and at most 1"),
        (minimumChildWeight >= 0 && minimumChildWeight.isFinite, "minimumChildWeight is \(minimumChildWeight)"),
        (rowSample > 0 && rowSample <= 1, "rowSample is \(rowSample), not above 0 and at most 1"),
        (columnSample > 0 && columnSample <= 1, "columnSample is \(columnSample), not above 0 and at most 1"),
        (lambda >= 0 && lambda.isFinite, "lambda is \(lambda)"),
      ]
      for (isFine, fault) in faults where !isFine {
        throw CriticError(.failed, "The critic's settings do not allow training: \(fault).")
      }
    }
  }
}
