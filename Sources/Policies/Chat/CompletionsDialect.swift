import Agents

/// The features that a chat-completions server accepts.
struct CompletionsDialect: ServerDialect, Hashable {
  var tokenParameter: ChatCompletionsPolicy.TokenParameter
  var takesSchema = true
  var takesSeed = true
  var takesStop = true
  var takesRequiredTools = true
  var takesParallelFlag = true
  /// Whether tool calls may be sent back together with their thoughts.
  var takesThoughts = true
  var sampling = SamplingDialect()
  /// The largest `n`.
  var mostSamples = Int.max

  init(_ settings: ChatCompletionsPolicy.Settings) {
    tokenParameter = settings.tokenParameter ?? .maxTokens
  }

  /// A simpler dialect to try after a request was rejected as malformed, or nil if nothing is left to omit.
  ///
  /// Only features that do not change the distribution of the answers are omitted. Any other setting is for the user to
  /// change (``RefusedSetting``). A feature that the error names is omitted first. If the error names none, fewer
  /// answers are requested, since servers phrase that limit in many ways.
  ///
  /// - Parameter mostSamples: the value known before this request. It is restored if another feature is omitted, since
  ///   fewer answers were the wrong guess then.
  func simpler(
    after error: PolicyError, request: PolicyRequest, samples: Int, mostSamples: Int,
    settings: ChatCompletionsPolicy.Settings
  ) -> CompletionsDialect? {
    let said = error.message.lowercased()
    func names(_ words: String...) -> Bool { words.contains(where: said.contains) }
    let sendsSchema =
      takesSchema && settings.constraint == .auto && settings.api == .chat && settings.format == .plain
      && request.choices?.isEmpty == false
    let sendsTools = settings.format == .tools
    let sendsThoughts =
      sendsTools && takesThoughts && Conversation(request.transcript, tools: request.tools).hasContinuations
    var simpler = self
    simpler.mostSamples = mostSamples
    if let less = sampling.simpler(after: error, temperature: settings.temperature, topP: settings.topP) {
      simpler.sampling = less
    } else if names("max_completion_tokens"), tokenParameter == .maxTokens, settings.tokenParameter == nil {
      simpler.tokenParameter = .maxCompletionTokens
    } else if sendsTools, takesParallelFlag, names("parallel_tool_calls") {
      simpler.takesParallelFlag = false
    } else if sendsTools, takesRequiredTools, names("tool_choice") {
      simpler.takesRequiredTools = false
    } else if sendsThoughts,
      names("reasoning_content", "reasoning_details", "extra_content", ".reasoning", "'reasoning'")
    {
      simpler.takesThoughts = false
    } else if takesSeed, names("seed") {
      simpler.takesSeed = false
    } else if takesStop, settings.api == .chat, settings.format == .react, names("stop") {
      // Without the stop sequence, the text after it is ignored when the answer is read.
      simpler.takesStop = false
    } else if sendsSchema, names("response_format", "json_schema", "schema") {
      simpler.takesSchema = false
    } else if samples > 1 {
      simpler.mostSamples = samples / 2
    } else if sendsSchema {
      simpler.takesSchema = false
    } else if sendsThoughts {
      simpler.takesThoughts = false
    } else {
      return nil
    }
    return simpler
  }

  mutating func adopt(_ other: CompletionsDialect) {
    if other.tokenParameter == .maxCompletionTokens { tokenParameter = .maxCompletionTokens }
    takesSchema = takesSchema && other.takesSchema
    takesSeed = takesSeed && other.takesSeed
    takesStop = takesStop && other.takesStop
    takesRequiredTools = takesRequiredTools && other.takesRequiredTools
    takesParallelFlag = takesParallelFlag && other.takesParallelFlag
    takesThoughts = takesThoughts && other.takesThoughts
    sampling.adopt(other.sampling)
    mostSamples = min(mostSamples, other.mostSamples)
  }
}
