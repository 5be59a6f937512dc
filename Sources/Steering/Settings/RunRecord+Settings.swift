import Foundation
import RolloutStore

extension RunRecord {
  /// The settings of a steered run. nil for other runs, such as a judge's answers, and for settings of a later version.
  public var steering: SteeringSettings? {
    try? JSONDecoder().decode(SteeringSettings.self, from: Data(settings.utf8))
  }
}

extension SteeringSettings {
  /// The settings in the format of a run's record: JSON with sorted keys.
  func recorded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
