extension Usage {
  /// The estimated number of tokens of a text, without its model's tokenizer.
  ///
  /// Counts one token for every six letters of a word or part of them, every three digits of a number or part of them,
  /// every other mark, every line break, and every three bytes outside ASCII. Measured against three public tokenizers
  /// (cl100k, o200k and Anthropic's), the estimate is 0.6 to 1.6 times the true count on prose in seven languages,
  /// code, JSON, HTML and numbers, and 2.1 times on Russian in o200k. A quarter of the bytes gives 0.25 to 1.05 times
  /// the true count.
  package static func estimatedTokens(in text: String) -> Int {
    var (tokens, letters, digits, others) = (0, 0, 0, 0)
    var isBreak = false
    for byte in text.utf8 {
      let isLetter = (0x61...0x7a).contains(byte | 0x20)
      let isDigit = (0x30...0x39).contains(byte)
      if isLetter, letters.isMultiple(of: 6) { tokens += 1 }
      if isDigit, digits.isMultiple(of: 3) { tokens += 1 }
      letters = isLetter ? letters + 1 : 0
      digits = isDigit ? digits + 1 : 0
      switch byte {
      case 0x0a:
        // A run of line breaks counts as one token.
        tokens += isBreak ? 0 : 1
        isBreak = true
        continue
      case 0x20, 0x09, 0x0d: continue
      case 0x80...: others += 1
      default: tokens += isLetter || isDigit ? 0 : 1
      }
      isBreak = false
    }
    return tokens + (others + 2) / 3
  }
}

extension PolicyRequest {
  /// The estimated number of input tokens of the request.
  var estimatedTokens: Int {
    // Tokens that a chat template adds to a turn.
    let turn = 4
    // A question's transcript repeats the question, so only one of the two is counted. The syntax of JSON stands for the
    // tokens that a chat template adds.
    if let question { return max(Usage.estimatedTokens(in: question.body.json), 1) }
    var tokens = transcript.entries.reduce(0) { sum, entry in
      switch entry {
      case .instructions(let text), .prompt(let text), .response(let text):
        sum + Usage.estimatedTokens(in: text) + turn
      // A continuation is part of the response's turn.
      case .continuation(let text): sum + Usage.estimatedTokens(in: text)
      }
    }
    for tool in tools {
      tokens += turn + Usage.estimatedTokens(in: tool.name) + Usage.estimatedTokens(in: tool.description)
      for parameter in tool.parameters {
        tokens += turn + Usage.estimatedTokens(in: parameter.name) + Usage.estimatedTokens(in: parameter.description)
        for choice in parameter.choices ?? [] { tokens += Usage.estimatedTokens(in: choice) + 1 }
      }
    }
    return max(tokens, 1)
  }
}

extension [PolicyResponse] {
  /// The answers of one call, with estimated tokens if the server reported none: limits and prices would otherwise
  /// never take effect. Input and output are estimated separately, since some servers report only one of them.
  package func estimatingUsage(for request: PolicyRequest) -> [PolicyResponse] {
    // Every prompt has tokens, so a count of 0 without savings means that the server reported none.
    let lacksInput = allSatisfy { $0.usage.inputTokens == 0 && $0.usage.savedInputTokens == 0 }
    // An answer whose input was saved shares a call with others. Its output was already estimated together with theirs.
    let lacksOutput =
      contains { $0.usage.savedInputTokens == 0 }
      && allSatisfy { $0.usage.outputTokens == 0 } && contains { $0.estimatedTokens > 0 }
    guard lacksInput || lacksOutput else { return self }
    let input = lacksInput ? request.estimatedTokens : 0
    return enumerated().map { index, response in
      var response = response
      if lacksInput, index == 0 {
        response.usage.inputTokens = input
        response.usage.estimatedTokens += input
      } else if lacksInput {
        response.usage.savedInputTokens = input
      }
      if lacksOutput {
        response.usage.outputTokens = response.estimatedTokens
        response.usage.estimatedTokens += response.estimatedTokens
        response.usage.reasoningTokens = response.reasoning.map(Usage.estimatedTokens) ?? 0
      }
      return response
    }
  }
}

extension PolicyResponse {
  /// The estimated number of output tokens, thoughts included.
  fileprivate var estimatedTokens: Int {
    Usage.estimatedTokens(in: text) + (reasoning.map(Usage.estimatedTokens) ?? 0)
  }
}
