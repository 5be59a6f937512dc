import Agents

extension Campaign.Outcome {
  /// The failed attempts at the completed tasks.
  public var failedAttempts: FailedAttempts { FailedAttempts(of: results) }

  /// The number of attempts, those that failed and were replaced by clones included.
  public var attempts: Int { results.reduce(0) { $0 + $1.attempts } }

  /// The error of a campaign in which more than a share of the attempts failed; nil if fewer failed or none were made.
  ///
  /// - Parameter share: in 0...1; nil requires that all failed.
  public func failure(ofMoreThan share: Double? = nil) -> SteeringError? {
    let failed = failedAttempts
    guard failed.count > 0 else { return nil }
    let isFailure =
      share.map { Double(failed.count) > $0 * Double(attempts) } ?? results.allSatisfy { $0.rewardBest == nil }
    return isFailure ? SteeringError(failed, of: attempts) : nil
  }
}

extension FailedAttempts {
  init(of results: [PopulationResult]) {
    self.init(results.flatMap(\.failures), tasks: results.count { $0.rewardBest == nil })
  }
}

extension PopulationResult {
  /// Why there is no attempt to choose from, in words.
  package var failureText: String {
    (["Every attempt failed."] + FailedAttempts(of: [self]).sentences).joined(separator: " ")
  }

  /// The number of attempts, failed ones that were replaced by clones included.
  var attempts: Int {
    let ends = particles + later.flatMap(\.particles)
    return ends.count + failures.count - ends.count { $0.failure != nil }
  }

  /// Whether every attempt failed because of the environment.
  fileprivate var isLostToEnvironment: Bool {
    rewardBest == nil && failures.allSatisfy(\.kind.isOfEnvironment)
  }
}

extension SteeringError {
  init(_ failed: FailedAttempts, of attempts: Int) {
    self.init(.attemptsFailed, failed.text(of: attempts) + " The same command tries them again.")
  }
}

/// Ends a campaign in which the environment fails every attempt. The remaining tasks would only cost more time-outs.
struct Hopelessness {
  /// With fewer tasks, all of them may be bad ones by chance.
  private static let leastTasks = 8

  /// The number of first tasks that must be lost.
  private let patience: Int
  private var lost: [Int: PopulationResult] = [:]
  private var isHopeful = false

  /// - Parameter patience: the number of tasks that run at a time.
  init(patience: Int) { self.patience = max(patience, Self.leastTasks) }

  mutating func note(_ result: PopulationResult, at index: Int) {
    isHopeful = isHopeful || !result.isLostToEnvironment
    lost[index] = isHopeful ? nil : result
  }

  /// Notes that a task succeeded in part.
  mutating func hope() {
    isHopeful = true
    lost = [:]
  }

  /// Whether all of the first tasks are lost and no task succeeded. A task that still runs counts as undecided.
  var isHopeless: Bool { !isHopeful && (0..<patience).allSatisfy { lost[$0] != nil } }

  /// The error that ends the campaign, or nil.
  var error: SteeringError? {
    guard isHopeless else { return nil }
    let results = lost.sorted { $0.key < $1.key }.map(\.value)
    return SteeringError(FailedAttempts(of: results), of: results.reduce(0) { $0 + $1.attempts })
  }
}
