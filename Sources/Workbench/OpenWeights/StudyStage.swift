import Findings
import Foundation
import Steering

/// The parts of a study, in the order in which they are run.
package enum StudyStage: String, CaseIterable, Sendable {
  case collect, critic, reasonmaxxer, grpo
  case baseAttempts = "attempts-base"
  case reasonmaxxerAttempts = "attempts-reasonmaxxer"
  case grpoAttempts = "attempts-grpo"
  case steerBase = "steer-base"
  case reasonmaxxerCollect = "collect-reasonmaxxer"
  case reasonmaxxerCritic = "critic-reasonmaxxer"
  case steerReasonmaxxer = "steer-reasonmaxxer"
  case reasonmaxxerTokens = "tokens-reasonmaxxer"
  case grpoTokens = "tokens-grpo"

  /// The stages that it uses.
  package var needs: [StudyStage] {
    switch self {
    case .collect, .grpo, .baseAttempts: []
    case .critic, .reasonmaxxer: [.collect]
    case .reasonmaxxerAttempts, .reasonmaxxerCollect, .reasonmaxxerTokens: [.reasonmaxxer]
    case .grpoAttempts, .grpoTokens: [.grpo]
    case .steerBase: [.critic]
    case .reasonmaxxerCritic: [.reasonmaxxerCollect]
    case .steerReasonmaxxer: [.reasonmaxxerCritic]
    }
  }

  /// The stages in a list, each by its name or by a common prefix (`attempts`, `steer`, `tokens`).
  package static func named(_ list: String) throws -> Set<StudyStage> {
    var found: Set<StudyStage> = []
    for name in list.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
      let whole = StudyStage(rawValue: name)
      let stages = whole.map { [$0] } ?? allCases.filter { $0.rawValue.hasPrefix("\(name)-") }
      guard !stages.isEmpty else {
        throw ConfigurationError(
          """
          --stages names \(name), which is not a stage; the stages are \
          \(allCases.map(\.rawValue).joined(separator: ", ")). attempts, steer and tokens stand for all stages that \
          begin with this word.
          """)
      }
      found.formUnion(stages)
    }
    guard !found.isEmpty else { throw ConfigurationError("--stages \(list) names no stage.") }
    return found
  }
}

/// The result of a stage.
package struct StageResult: Codable, Sendable {
  package enum Output: Codable, Sendable {
    /// Independent attempts.
    case attempts(policy: String, sample: AttemptSample)
    /// A critic's file and identity.
    case critic(path: String, identity: String)
    /// An adapter's folder, and the identity of the policy with it.
    case adapter(path: String, policy: String, training: StudyFindings.Training)
    case steered([StudyFindings.Steered])
    case tokens(TokenFindings)
  }

  package let output: Output
  package var work: StudyWork
}

/// The records of finished and interrupted stages: one file per stage in a folder beside the store.
package struct StageFolder: Sendable {
  package let path: String

  package struct Record: Codable, Sendable {
    /// A digest of everything that affects the stage.
    package let identity: String
    /// The number of answers that were stored when it began. Their cost is unknown.
    package let foreign: Int
    /// The processor time of all runs of the stage so far.
    package var processorSeconds: Double
    /// nil until the stage is done.
    package var result: StageResult?
  }

  /// The record of a stage if it has this identity, otherwise nil.
  package func record(_ name: String, of identity: String) -> Record? {
    FileManager.default.contents(atPath: file(name)).flatMap { try? JSONDecoder().decode(Record.self, from: $0) }
      .flatMap { $0.identity == identity ? $0 : nil }
  }

  /// Runs a stage that is not done and records its cost. If the process is killed, all but the last few seconds are
  /// recorded.
  ///
  /// - Parameter foreign: the number of its answers that are stored already; used only when the stage begins.
  package func run(
    _ name: String, of identity: String, foreign: Int = 0, _ body: () async throws -> StageResult
  ) async throws -> StageResult {
    let earlier = record(name, of: identity)
    if let result = earlier?.result { return result }
    var record = earlier ?? Record(identity: identity, foreign: foreign, processorSeconds: 0)
    let (before, start) = (record.processorSeconds, ProcessorClock.seconds)
    try save(record, name)
    let keeper = Task { [record] in
      var record = record
      while true {
        try await Task.sleep(for: .seconds(5))
        record.processorSeconds = before + ProcessorClock.seconds - start
        try save(record, name)
      }
    }
    let result: Result<StageResult, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    keeper.cancel()
    _ = await keeper.result
    record.processorSeconds = before + ProcessorClock.seconds - start
    switch result {
    case .failure(let error):
      try save(record, name)
      throw error
    case .success(var done):
      done.work.processorSeconds = record.foreign > 0 ? nil : record.processorSeconds
      record.result = done
      try save(record, name)
      return done
    }
  }

  private func file(_ name: String) -> String { "\(path)/\(name).json" }

  private func save(_ record: Record, _ name: String) throws {
    try OutputFile.write(json: record, to: file(name))
  }
}

/// Processor time of all threads of this process.
package enum ProcessorClock {
  package static var seconds: Double {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
