extension Tokenizer {
  /// Reads a byte-level byte-pair encoding from Hugging Face's `tokenizer.json`.
  package init(contentsOf path: String) throws(ModelFileError) {
    try self.init(JSON(contentsOf: path), path: path)
  }

  init(_ json: JSON, path: String) throws(ModelFileError) {
    var parts = TokenizerParts(path: path)
    guard let model = json["model"] else { throw parts.error("there is no “model”") }
    // Older files omit the type.
    let type = model["type"].map { $0.string ?? $0.kind } ?? "BPE"
    guard type == "BPE" else { throw parts.error("its model is \(quoted(type)), not BPE", .unsupported) }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] where model[key]?.string ?? "" != "" {
      throw parts.error("“\(key)” is not supported", .unsupported)
    }
    if model["byte_fallback"]?.bool == true { throw parts.error("“byte_fallback” is not supported", .unsupported) }
    guard let vocabulary = model["vocab"]?.object else { throw parts.error("there is no object “vocab”") }
    for (text, value) in vocabulary {
      guard let id = value.integer else { throw parts.error("the number of \(quoted(text)) is \(value.kind)") }
      try parts.add(text, id: id)
    }
    try parts.add(added: json["added_tokens"])
    try parts.add(merges: Tokenizer.pairs(model["merges"], parts))
    if model["ignore_merges"]?.bool == true { parts.keepWholeWords() }
    parts.unknown = try Tokenizer.unknown(model, vocabulary, parts)
    parts.normalizes = try Tokenizer.normalizes(json["normalizer"], parts)
    parts.steps = try PreTokenizerReader(path: path).steps(json["pre_tokenizer"])
    parts.prefix = Tokenizer.prefix(json["post_processor"], parts)
    self.init(try parts.finished())
  }

  /// Reads merges, which are "a b" in older files and ["a", "b"] in newer ones.
  private static func pairs(
    _ merges: JSON?, _ parts: TokenizerParts
  ) throws(ModelFileError) -> [(left: String, right: String)] {
    guard let merges = merges?.array else { throw parts.error("there is no list “merges”") }
    var pairs: [(left: String, right: String)] = []
    pairs.reserveCapacity(merges.count)
    for merge in merges {
      if let line = merge.string {
        pairs.append(try pair(line, parts))
      } else if let halves = merge.array, halves.count == 2, let left = halves[0].string, let right = halves[1].string {
        pairs.append((left, right))
      } else {
        throw parts.error("the merge \(pairs.count) is not of two tokens")
      }
    }
    return pairs
  }

  private static func unknown(
    _ model: JSON, _ vocabulary: [(key: String, value: JSON)], _ parts: TokenizerParts
  ) throws(ModelFileError) -> Int32? {
    guard let text = model["unk_token"]?.string else { return nil }
    guard model["fuse_unk"]?.bool != true else { throw parts.error("“fuse_unk” is not supported", .unsupported) }
    let bytes = Array(text.utf8)
    let id =
      vocabulary.first { Array($0.key.utf8) == bytes }?.value.integer
      ?? parts.added.first { Array($0.content.utf8) == bytes }?.id
    guard let id else { throw parts.error("“unk_token” \(quoted(text)) is not in the vocabulary") }
    return Int32(id)
  }

  /// Whether the normaliser is form C; false without a normaliser.
  private static func normalizes(_ normalizer: JSON?, _ parts: TokenizerParts) throws(ModelFileError) -> Bool {
    guard let normalizer else { return false }
    switch normalizer["type"]?.string {
    case "NFC": return true
    case "Sequence":
      var normalizes = false
      for step in normalizer["normalizers"]?.array ?? [] {
        guard step["type"]?.string == "NFC" else {
          throw parts.error("its normaliser \(quoted(step["type"]?.string ?? "")) is not supported", .unsupported)
        }
        normalizes = true
      }
      return normalizes
    case let type:
      throw parts.error("its normaliser \(quoted(type ?? "")) is not supported; supported is NFC", .unsupported)
    }
  }

  /// The special token at the beginning of the post-processor's template.
  private static func prefix(_ processor: JSON?, _ parts: TokenizerParts) -> Int? {
    let steps = processor?["processors"]?.array ?? [processor].compactMap(\.self)
    let template = steps.first { $0["type"]?.string == "TemplateProcessing" }
    guard let text = template?["single"]?.array?.first?["SpecialToken"]?["id"]?.string else { return nil }
    let bytes = Array(text.utf8)
    return parts.added.first { Array($0.content.utf8) == bytes }?.id
  }
}

extension TokenizerParts {
  mutating func add(added tokens: JSON?) throws(ModelFileError) {
    guard let tokens else { return }
    guard let tokens = tokens.array else { throw error("“added_tokens” is \(tokens.kind), not a list") }
    for token in tokens {
      guard let id = token["id"]?.integer, let content = token["content"]?.string else {
        throw error("an added token has no number or no text")
      }
      guard token["single_word"]?.bool != true else {
        throw error("“single_word” of \(quoted(content)) is not supported", .unsupported)
      }
      try add(
        AddedToken(
          id: id, content: content, isSpecial: token["special"]?.bool ?? false,
          isNormalized: token["normalized"]?.bool ?? true, stripsLeft: token["lstrip"]?.bool ?? false,
          stripsRight: token["rstrip"]?.bool ?? false))
    }
  }
}
