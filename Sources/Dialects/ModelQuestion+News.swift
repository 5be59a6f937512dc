import Agents

extension ModelQuestion {
  /// The key of the part that grows from question to question.
  package var growingKey: String {
    switch dialect {
    case .chat, .messages: "messages"
    case .responses: "input"
    case .text: "prompt"
    }
  }

  /// What is new since the previous question, for critics and readers.
  ///
  /// It consists of the turns after the common beginning. The model's turns that follow at once are the answer, which
  /// the reader knows, and are left out. If the question does not extend the previous one, it is all user turns and
  /// results at its end. The first question is shown without instructions.
  ///
  /// - Parameters:
  ///   - previous: the question before; nil for the first.
  ///   - answer: the text of the answer to it, which a prompt of plain text repeats.
  package func news(after previous: ModelQuestion?, answer: String = "") -> String {
    if dialect == .text { return promptNews(after: previous, answer: answer) }
    let elements = self.elements
    var names: [String: String] = [:]
    for element in elements {
      for call in HistoryEntry.entries(element, dialect).flatMap(\.calls) { names[call.id] = call.name }
    }
    var rest = elements[...]
    if let previous, previous.dialect == dialect {
      let known = previous.elements
      let common = zip(elements, known).prefix { Self.comparable($0) == Self.comparable($1) }.count
      if common < known.count { return shown(Self.end(of: entries(elements)), names) }
      rest = elements[common...]
    }
    var entries = entries(rest)
    if previous == nil { entries.removeAll { $0.kind == .instructions } }
    // The first turn of a first question may be a worked example of the model's, which is news.
    if previous != nil { entries = Array(entries.drop { $0.kind == .assistant }) }
    return shown(entries, names)
  }

  private func entries(_ elements: some Sequence<OrderedJSON>) -> [HistoryEntry] {
    elements.flatMap { HistoryEntry.entries($0, dialect) }
  }

  /// The number of messages or items.
  package var turnCount: Int { elements.count }

  /// The messages or items of the question.
  var elements: [OrderedJSON] {
    let value = body[growingKey]
    if let text = value?.text { return [["role": "user", "content": .text(text)]] }
    return value?.items ?? []
  }

  /// The user turns and results at the end.
  private static func end(of entries: [HistoryEntry]) -> [HistoryEntry] {
    var end: [HistoryEntry] = []
    for entry in entries.reversed() {
      if entry.kind == .assistant || entry.kind == .instructions {
        if end.isEmpty { continue }
        break
      }
      end.append(entry)
    }
    return end.reversed()
  }

  private func shown(_ entries: [HistoryEntry], _ names: [String: String]) -> String {
    let results = entries.filter { if case .result = $0.kind { true } else { false } }
    return entries.map { entry in
      switch entry.kind {
      case .instructions: "system: \(entry.text)"
      case .assistant: "assistant: \(entry.text)"
      case .user: entry.text
      case .result(let id): results.count > 1 ? "tool \(names[id] ?? id):\n\(entry.text)" : entry.text
      }
    }.joined(separator: "\n")
  }

  /// An element without marks of caching, which move with every question, and with a text for a single text part.
  private static func comparable(_ value: OrderedJSON) -> JSONValue {
    func plain(_ value: JSONValue) -> JSONValue {
      switch value {
      case .list(let values):
        return .list(values.map(plain))
      case .object(var members):
        members["cache_control"] = nil
        members = members.compactMapValues { $0 == .null ? nil : plain($0) }
        // A text and its type.
        if let parts = members["content"]?.items, parts.count == 1, parts[0].fields?.count == 2 {
          members["content"] = parts[0]["text"] ?? members["content"]
        }
        return .object(members)
      default: return value
      }
    }
    return plain(JSONValue(value))
  }

  // MARK: - Prompts of plain text

  /// The prompt; several are joined by line breaks.
  var prompt: String {
    let prompt = body["prompt"]
    return prompt?.text ?? (prompt?.items ?? []).map(\.shown).joined(separator: "\n")
  }

  private func promptNews(after previous: ModelQuestion?, answer: String) -> String {
    guard let previous, previous.dialect == .text else { return prompt }
    let (new, old) = (prompt.unicodeScalars, previous.prompt.unicodeScalars)
    guard new.starts(with: old) else { return prompt }
    var rest = new.dropFirst(old.count)
    if !answer.isEmpty {
      // Programs often put a trimmed answer into the next prompt.
      for text in [answer, String(answer.trimmed)] {
        let start = rest.drop { $0.properties.isWhitespace && !text.unicodeScalars.starts(with: [$0]) }
        if start.starts(with: text.unicodeScalars) {
          rest = start.dropFirst(text.unicodeScalars.count)
          break
        }
      }
    }
    return String(String.UnicodeScalarView(rest))
  }
}
