extension Usage {
  /// About how many tokens a text has, without its model's tokenizer.
  ///
  /// One for every six letters of a word begun, every three digits of a number begun, every other mark, every line break, and every
  /// three bytes outside ASCII. Beside three public tokenizers (cl100k, o200k and Anthropic's) that is 0.6 to 1.6 times as many
  /// tokens on prose in seven languages, code, JSON, HTML and numbers, and 2.1 times on Russian in o200k; a quarter of the bytes is
  /// 0.25 to 1.05 times as many.
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
        // A run of line breaks is one.
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
  /// About how many tokens of input the request has.
  var estimatedTokens: Int {
    // What a chat template puts around a turn.
    let turn = 4
    var tokens = transcript.entries.reduce(0) { sum, entry in
      switch entry {
      case .instructions(let text), .prompt(let text), .response(let text):
        sum + Usage.estimatedTokens(in: text) + turn
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
  /// The answers of one call, with an estimate where the server reported no tokens: limits and prices would otherwise never bind.
  /// Input and output are looked at apart, since some servers report the one and not the other.
  package func estimatingUsage(for request: PolicyRequest) -> [PolicyResponse] {
    // A prompt has tokens: where none are counted, and none are saved, none were reported.
    let lacksInput = allSatisfy { $0.usage.inputTokens == 0 && $0.usage.savedInputTokens == 0 }
    // One whose input was saved is one of several, and was looked at together with the others.
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
  /// About how many tokens of output the answer has, thoughts included.
  fileprivate var estimatedTokens: Int {
    Usage.estimatedTokens(in: text) + (reasoning.map(Usage.estimatedTokens) ?? 0)
  }
}
