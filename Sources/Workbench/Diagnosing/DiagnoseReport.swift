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
    advice = "\(table.advice). \(table.because)"
  }

  package var text: String { table.text() }
}
