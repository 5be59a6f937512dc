import Agents
import Findings
import Foundation
import Reporting

/// What a diagnosis gave.
package struct DiagnoseReport: Encodable {
  package let environment: WorldIdentity
  package let policy: String
  /// nil for all splits.
  package let split: String?
  /// What predicted the end; nil for the reward so far alone.
  package let critic: String?
  package let diagnosis: Diagnosis
  /// Attempts that failed, which are not among the rollouts.
  package let failedAttempts: FailedAttempts
  /// What the figures mean.
  package let sentences: [String]
  /// What to do, and the numbers that led to it.
  package let advice: String
  package let table: DiagnosisTable

  private enum CodingKeys: String, CodingKey {
    case environment, policy, split, critic, diagnosis, failedAttempts, sentences, advice
  }

  package init(
    _ diagnosis: Diagnosis, environment: WorldIdentity, policy: String, split: Split?, critic: String?,
    failedAttempts: FailedAttempts
  ) {
    table = DiagnosisTable(diagnosis, predictedBy: critic, failedAttempts: failedAttempts)
    self.failedAttempts = failedAttempts
    self.environment = environment
    self.policy = policy
    self.split = split?.rawValue
    self.critic = critic
    self.diagnosis = diagnosis
    sentences = table.sentences
    command = Self.command(diagnosis.advice)
    advice = (["\(table.advice). \(table.because)"] + [command].compactMap(\.self)).joined(separator: " ")
  }

  /// What to run next, where the advice asks for more than was stored.
  private let command: String?

  private static func command(_ advice: Diagnosis.Advice) -> String? {
    switch advice.reason {
    case .tooFewRollouts: "cox collect --rollouts \(Diagnosis.Advice.leastRollouts) makes them."
    case .predictableEarly: "cox plan makes one."
    default: nil
    }
  }

  package var text: String { ([table.text()] + [command].compactMap(\.self)).joined(separator: "\n") }
}
