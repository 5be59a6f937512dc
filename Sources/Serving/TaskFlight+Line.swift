import Reporting
import Workbench

extension TaskFlight.Landing {
  /// "40 calls (12 stored), cost 0.01, chosen by the verifier, reward 0.800, 2.1 s".
  func line(pricing: Bool) -> String {
    var parts = ["\(progress.calls) calls" + (progress.storedCalls > 0 ? " (\(progress.storedCalls) stored)" : "")]
    if pricing { parts.append("cost " + Format.money(cost)) }
    if let by = chosen.selectedBy { parts.append("chosen by \(by.rawValue)") }
    if let reward = chosen.reward { parts.append("reward " + Format.number(reward)) }
    if failedAttempts.count > 0 { parts.append("\(failedAttempts.count) failed") }
    parts.append(Format.duration(seconds: seconds))
    return parts.joined(separator: ", ")
  }
}
