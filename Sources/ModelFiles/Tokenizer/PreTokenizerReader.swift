/// Reads tokenizer.json's `pre_tokenizer`: ByteLevel, Digits, Split by a known pattern, and sequences of them.
struct PreTokenizerReader {
  let path: String

  func steps(_ json: JSON?) throws(ModelFileError) -> [PreTokenizer] {
    guard let json else { throw unsupported("none at all") }
    let parts = json["type"]?.string == "Sequence" ? json["pretokenizers"]?.array ?? [] : [json]
    guard parts.count <= 16, parts.last?["type"]?.string == "ByteLevel" else {
      throw unsupported("one that does not end with ByteLevel")
    }
    var steps: [PreTokenizer] = []
    for (index, part) in parts.enumerated() {
      if let step = try step(part, isLast: index == parts.count - 1) { steps.append(step) }
    }
    return steps
  }

  private func step(_ json: JSON, isLast: Bool) throws(ModelFileError) -> PreTokenizer? {
    switch json["type"]?.string {
    case "ByteLevel":
      // After a first ByteLevel, a second step would see the alphabet's characters instead of the text.
      guard isLast else { throw unsupported("ByteLevel before the end") }
      guard json["add_prefix_space"]?.bool == false else { throw unsupported("ByteLevel with “add_prefix_space”") }
      return json["use_regex"]?.bool ?? true ? .gpt2 : nil
    case "Digits":
      return .digits(individual: json["individual_digits"]?.bool ?? false)
    case "Split":
      guard let pattern = json["pattern"]?["Regex"]?.string, let step = PreTokenizer(pattern: pattern) else {
        throw unsupported("Split by the pattern \(quoted(json["pattern"]?["Regex"]?.string ?? ""))")
      }
      guard json["behavior"]?.string == "Isolated", json["invert"]?.bool != true else {
        throw unsupported("Split that drops or joins what it finds")
      }
      return step
    case let type: throw unsupported(quoted(type ?? ""))
    }
  }

  private func unsupported(_ what: String) -> ModelFileError {
    ModelFileError(
      .unsupported, path,
      """
      The pre-tokeniser is not supported: \(what). Supported are ByteLevel, Digits, and Split by the patterns of GPT-2, \
      Llama 3 and Qwen 2.
      """)
  }
}
