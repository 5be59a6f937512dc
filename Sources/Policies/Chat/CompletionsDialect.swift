import Agents

/// What a server of the chat-completions kind takes.
struct CompletionsDialect: ServerDialect, Hashable {
  var tokenParameter: ChatCompletionsPolicy.TokenParameter
  var takesSchema = true
  var takesSeed = true
  var takesStop = true
  var takesRequiredTools = true
  var takesParallelFlag = true
  /// Thoughts may go back beside the calls of tools that they came with.
  var takesThoughts = true
  var sampling = SamplingDialect()
  /// The largest `n`.
  var mostSamples = Int.max

  init(_ settings: ChatCompletionsPolicy.Settings) {
    tokenParameter = settings.tokenParameter ?? .maxTokens
  }

  /// What to try after a request was refused as badly formed, or nil where there is nothing left to leave out.
  ///
  /// Only what leaves the distribution of the answers as it is: any other setting is for the user to change
  /// (``RefusedSetting``). What the refusal names goes first; where it names nothing, fewer answers are asked for, which is what servers say in most words.
  ///
  /// - Parameter mostSamples: what was known before this request: fewer were the wrong guess where something else goes.
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
      // What would follow is read over all the same.
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
