import Foundation
import RolloutStore

extension RunRecord {
  /// How the run was steered. nil for runs that were not, such as a judge's answers, and where a later version wrote them.
  public var steering: SteeringSettings? {
    try? JSONDecoder().decode(SteeringSettings.self, from: Data(settings.utf8))
  }
}

extension SteeringSettings {
  /// As a run's record keeps them: JSON with keys in order.
  func recorded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
