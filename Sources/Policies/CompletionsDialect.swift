import Agents

/// What one server takes, as far as is known: it starts with everything, and what is refused goes.
struct CompletionsDialect: Sendable, Hashable {
  var tokenParameter: ChatCompletionsPolicy.TokenParameter
  var takesSchema = true
  var takesSeed = true
  var takesRequiredTools = true
  /// The largest `n`.
  var mostSamples = Int.max

  init(_ settings: ChatCompletionsPolicy.Settings) {
    tokenParameter = settings.tokenParameter ?? .maxTokens
  }

  /// What to try after a request was refused as badly formed, or nil where there is nothing left to leave out.
  ///
  /// Only what leaves the model's answers as they are: a temperature that a model does not take is for the user to change.
  func simpler(
    after error: PolicyError, request: PolicyRequest, samples: Int, settings: ChatCompletionsPolicy.Settings
  ) -> CompletionsDialect? {
    var simpler = self
    let said = error.message.lowercased()
    if said.contains("max_completion_tokens"), tokenParameter == .maxTokens, settings.tokenParameter == nil {
      simpler.tokenParameter = .maxCompletionTokens
    } else if samples > 1 {
      // Servers say in many words that they draw fewer at a time, or one; half as many is tried each time.
      simpler.mostSamples = samples / 2
    } else if takesSchema, settings.constraint == .auto, settings.api == .chat, settings.format == .plain,
      request.choices?.isEmpty == false
    {
      simpler.takesSchema = false
    } else if takesRequiredTools, settings.format == .tools, said.contains("tool_choice") {
      simpler.takesRequiredTools = false
    } else if takesSeed, said.contains("seed") {
      simpler.takesSeed = false
    } else {
      return nil
    }
    return simpler
  }

  /// Takes over what another request found out meanwhile.
  mutating func adopt(_ other: CompletionsDialect) {
    if other.tokenParameter == .maxCompletionTokens { tokenParameter = .maxCompletionTokens }
    takesSchema = takesSchema && other.takesSchema
    takesSeed = takesSeed && other.takesSeed
    takesRequiredTools = takesRequiredTools && other.takesRequiredTools
    mostSamples = min(mostSamples, other.mostSamples)
  }
}
