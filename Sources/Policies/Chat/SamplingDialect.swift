import Agents

/// Which of the settings of sampling a server takes.
///
/// One that is refused is left out where that leaves the distribution of the answers as it is: a temperature or a top-p of 1, which
/// is what servers that refuse them sample at. Any other is for the user to change.
struct SamplingDialect: ServerDialect, Hashable {
  var takesTemperature = true
  var takesTopP = true

  func temperature(_ value: Double?) -> Double? { takesTemperature ? value : nil }
  func topP(_ value: Double?) -> Double? { takesTopP ? value : nil }

  /// What to try after a refusal that names one of them, or nil.
  ///
  /// - Parameters:
  ///   - temperature: what this request would send, or nil.
  ///   - topP: likewise.
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

/// A setting that changes the answers, and that a server may refuse.
struct RefusedSetting {
  /// The key of the configuration.
  let key: String
  /// How refusals name it, in lower case.
  let words: [String]
  /// What to write instead.
  let remedy: String

  static let temperature = RefusedSetting(
    key: "temperature", words: ["temperature"], remedy: "`none` leaves it to the server")
  static let topP = RefusedSetting(key: "topP", words: ["top_p", "topp"], remedy: "`none` leaves it to the server")
  static let reasoningEffort = RefusedSetting(
    key: "reasoningEffort", words: ["reasoning_effort", "reasoning.effort", "output_config", "effort"],
    remedy: "take one that this model knows, or leave the key out")
  static let thinkingTokens = RefusedSetting(
    key: "thinkingTokens", words: ["thinking", "budget_tokens"],
    remedy: "`adaptive` lets the model decide how long it thinks, `none` lets it not think")

  func isNamed(in error: PolicyError) -> Bool {
    let said = error.message.lowercased()
    return words.contains(where: said.contains)
  }

  /// A sentence on the first of these settings that a refusal names, or nil.
  ///
  /// - Parameter sent: what the request sent, as shown to the user.
  static func advice(after error: PolicyError, sent: [(setting: RefusedSetting, value: String?)], section: String)
    -> String?
  {
    for case (let setting, let value?) in sent where setting.isNamed(in: error) {
      return """
        \(section).\(setting.key) is \(value): where it is this that the server refuses, set \(section).\(setting.key) \
        otherwise; \(setting.remedy). It changes the answers, so that it is not left out by itself.
        """
    }
    return nil
  }
}
