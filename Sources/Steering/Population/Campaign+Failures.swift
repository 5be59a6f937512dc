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
  /// How many attempts there were, those included that failed and whose places others took.
  var attempts: Int {
    let ends = particles + later.flatMap(\.particles)
    return ends.count + failures.count - ends.count { $0.failure != nil }
  }

  /// No attempt got through, and the environment is to blame for each.
  fileprivate var isLostToEnvironment: Bool {
    rewardBest == nil && failures.allSatisfy(\.kind.isOfEnvironment)
  }
}

extension SteeringError {
  init(_ failed: FailedAttempts, of attempts: Int) {
    self.init(.attemptsFailed, failed.text(of: attempts) + " The same command tries them again.")
  }
}

/// Ends a campaign in which the environment fails every attempt: what is left would wait for as many time-outs, and find nothing.
struct Hopelessness {
  /// Fewer tasks may all be bad ones.
  private static let leastTasks = 8

  /// How many of the first tasks have to be lost.
  private let patience: Int
  private var lost: [Int: PopulationResult] = [:]
  private var isHopeful = false

  /// - Parameter patience: how many tasks are under way at a time.
  init(patience: Int) { self.patience = max(patience, Self.leastTasks) }

  mutating func note(_ result: PopulationResult, at index: Int) {
    isHopeful = isHopeful || !result.isLostToEnvironment
    lost[index] = isHopeful ? nil : result
  }

  /// A task got somewhere.
  mutating func hope() {
    isHopeful = true
    lost = [:]
  }

  /// No task has got through, and the first ones are lost. A task that is still under way may show otherwise.
  var isHopeless: Bool { !isHopeful && (0..<patience).allSatisfy { lost[$0] != nil } }

  /// What ends the campaign, or nil.
  var error: SteeringError? {
    guard isHopeless else { return nil }
    let results = lost.sorted { $0.key < $1.key }.map(\.value)
    return SteeringError(FailedAttempts(of: results), of: results.reduce(0) { $0 + $1.attempts })
  }
}
