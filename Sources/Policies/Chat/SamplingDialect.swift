import Agents

/// The sampling settings that a server accepts.
///
/// A rejected setting is omitted only if that does not change the distribution of the answers: a temperature or a top-p
/// of 1, which is the default of servers that reject them. Any other value is for the user to change.
struct SamplingDialect: ServerDialect, Hashable {
  var takesTemperature = true
  var takesTopP = true

  func temperature(_ value: Double?) -> Double? { takesTemperature ? value : nil }
  func topP(_ value: Double?) -> Double? { takesTopP ? value : nil }

  /// A simpler dialect after a refusal that names one of the settings, or nil.
  ///
  /// - Parameters:
  ///   - temperature: the temperature of this request, or nil.
  ///   - topP: the top-p of this request, or nil.
  func simpler(after error: PolicyError, temperature: Double?, topP: Double?) -> SamplingDialect? {
    var simpler = self
    if temperature == 1, takesTemperature, RefusedSetting.temperature.isNamed(in: error) {
      simpler.takesTemperature = false
    } else if topP == 1, takesTopP, RefusedSetting.topP.isNamed(in: error) {
      simpler.takesTopP = false
    } else {
      return nil
    }
    return simpler
  }

  mutating func adopt(_ other: SamplingDialect) {
    takesTemperature = takesTemperature && other.takesTemperature
    takesTopP = takesTopP && other.takesTopP
  }
}

/// A setting that changes the distribution of the answers and that a server may reject.
struct RefusedSetting {
  /// The configuration key.
  let key: String
  /// The names of the setting in refusals, in lower case.
  let words: [String]
  /// What to configure instead.
  let remedy: String

  static let temperature = RefusedSetting(
    key: "temperature", words: ["temperature"], remedy: "`none` leaves it to the server")
  static let topP = RefusedSetting(key: "topP", words: ["top_p", "topp"], remedy: "`none` leaves it to the server")
  static let reasoningEffort = RefusedSetting(
    key: "reasoningEffort", words: ["reasoning_effort", "reasoning.effort", "output_config", "effort"],
    remedy: "use a value that this model supports, or leave the key out")
  static let thinkingTokens = RefusedSetting(
    key: "thinkingTokens", words: ["thinking", "budget_tokens"],
    remedy: "with `adaptive` the model decides how long it thinks, with `none` it does not think")

  func isNamed(in error: PolicyError) -> Bool {
    let said = error.message.lowercased()
    return words.contains(where: said.contains)
  }

  /// A sentence about the first of these settings that a refusal names, or nil.
  ///
  /// - Parameter sent: the settings of the request, with their values as shown to the user.
  static func advice(after error: PolicyError, sent: [(setting: RefusedSetting, value: String?)], section: String)
    -> String?
  {
    for case (let setting, let value?) in sent where setting.isNamed(in: error) {
      return """
        \(section).\(setting.key) is \(value). If the server refuses this value, change \(section).\(setting.key): \
        \(setting.remedy). This setting changes the answers, so it is not left out automatically.
        """
    }
    return nil
  }
}
