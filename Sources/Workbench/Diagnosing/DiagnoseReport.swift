import Agents
import Findings
import Foundation
import Reporting

/// The result of a diagnosis.
package struct DiagnoseReport: Encodable {
  package let environment: WorldIdentity
  package let policy: String
  /// nil for all splits.
  package let split: String?
  /// The predictor; nil for the reward so far alone.
  package let critic: String?
  package let diagnosis: Diagnosis
  /// Failed attempts, which are not among the rollouts.
  package let failedAttempts: FailedAttempts
  /// Sentences that explain the figures.
  package let sentences: [String]
  /// The advice and the figures it follows from.
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

  /// The next command, if the advice needs one.
  private let command: String?

  private static func command(_ advice: Diagnosis.Advice) -> String? {
    switch advice.reason {
    case .tooFewRollouts: "Make them with cox collect --rollouts \(Diagnosis.Advice.leastRollouts)."
    case .predictableEarly: "Make a plan with cox plan."
    default: nil
    }
  }

  package var text: String { ([table.text()] + [command].compactMap(\.self)).joined(separator: "\n") }
}
