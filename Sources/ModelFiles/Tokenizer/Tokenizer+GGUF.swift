extension Tokenizer {
  /// Reads the tokenizer of a GGUF file: `tokenizer.ggml.tokens`, `merges`, `token_type` and `pre`.
  ///
  /// Source: llama.cpp's `llama-vocab.cpp`.
  package init(_ file: GGUFFile) throws(ModelFileError) {
    let fields = ModelFields(file, prefix: "tokenizer.ggml.")
    var parts = TokenizerParts(path: file.path)
    let model = try fields.string("model") ?? ""
    guard model == "gpt2" else {
      throw parts.error(
        "its kind \(quoted(model)) is not supported; supported is byte-level byte-pair encoding (“gpt2”)", .unsupported)
    }
    let tokens = try file.strings("tokenizer.ggml.tokens")
    let types = file.metadata["tokenizer.ggml.token_type"]?.array ?? []
    guard types.isEmpty || types.count == tokens.count else {
      throw parts.error("\(tokens.count) tokens have \(types.count) types", .inconsistent)
    }
    var added: [AddedToken] = []
    for (id, text) in tokens.enumerated() {
      // 2 is unknown, 3 control, 4 user-defined and 5 unused; 1 is a normal token.
      let type = types.isEmpty ? 1 : types[id].integer ?? 1
      if type == 1 || type == 6 {
        try parts.add(text, id: id)
      } else if type != 5 {
        added.append(AddedToken(id: id, content: text, isSpecial: type != 4))
      } else {
        try parts.reserve(id, text)
      }
    }
    for token in added { try parts.add(token) }
    var pairs: [(left: String, right: String)] = []
    for line in try file.strings("tokenizer.ggml.merges") { pairs.append(try Tokenizer.pair(line, parts)) }
    try parts.add(merges: pairs)
    let family = try fields.string("pre") ?? ""
    switch family {
    case "smollm": parts.steps = [.digits(individual: true), .gpt2]
    case "gpt-2", "gpt2": parts.steps = [.gpt2]
    case "llama-bpe", "llama3", "llama-v3":
      parts.steps = [.tiktoken(digits: 3)]
      parts.keepWholeWords()
      // llama.cpp's default for files that do not state it.
      parts.prefix = try fields.tokens("bos_token_id").first
    case "qwen2", "deepseek-r1-qwen":
      parts.steps = [.tiktoken(digits: 1)]
      parts.normalizes = true
    default:
      throw parts.error(
        "its pre-tokeniser (“pre”) is \(quoted(family)); supported are gpt-2, smollm, llama-bpe and qwen2",
        .unsupported)
    }
    self.init(try parts.finished())
  }

  /// Splits a merge, written as two tokens separated by a space. Tokens contain no space, since the byte alphabet has
  /// none.
  static func pair(_ line: String, _ parts: TokenizerParts) throws(ModelFileError) -> (left: String, right: String) {
    let halves = line.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
    guard halves.count == 2, let left = String(halves[0]), let right = String(halves[1]) else {
      throw parts.error("the merge \(quoted(line)) is not of two tokens")
    }
    return (left, right)
  }
}

extension GGUFFile {
  /// The list of strings under `key`.
  func strings(_ key: String) throws(ModelFileError) -> [String] {
    guard let values = metadata[key]?.array else {
      throw ModelFileError(.malformed, path, "The metadata has no list \(quoted(key)).")
    }
    let strings = values.compactMap(\.string)
    guard strings.count == values.count else {
      throw ModelFileError(.malformed, path, "The list \(quoted(key)) is not of strings.")
    }
    return strings
  }
}
