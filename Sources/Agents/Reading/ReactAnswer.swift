/// An answer in the form "Thought: … Action: …", with any decoration.
///
/// The first action counts: the model invents what follows it, such as an observation. Thoughts in marks of their own
/// (``Thoughts``) and text after a token that ends the turn (``TurnEnd``) have to be removed beforehand.
struct ReactAnswer {
  /// The action with its decoration; nil if the answer has none.
  let action: Substring?
  /// The text before the action.
  let thought: Substring
  /// The text before the first invented observation.
  let turn: Substring

  init(_ words: Substring) {
    let turns = Self.turns(of: words)
    turn = turns[0].trimmed
    if let (action, thought) = Self.object(in: words) {
      (self.action, self.thought) = (action, thought)
      return
    }
    // A model that invents an observation invents the next action as well, so the first action counts. A model that
    // repeats the last observation gives its action after it, so later turns are read, too.
    for turn in turns {
      guard let (marker, action) = Self.action(in: turn) else { continue }
      self.action = action
      thought = Self.thought(in: words[..<marker.start])
      return
    }
    action = nil
    thought = words
  }

  /// `{"thought": "…", "action": "look"}`, as models trained on JSON answer.
  private static func object(in words: Substring) -> (action: Substring, thought: Substring)? {
    let words = (Decoration.fenced(words) ?? words).trimmed
    guard words.first == "{", words.last == "}", let fields = JSONValue(parsing: String(words))?.fields else {
      return nil
    }
    func text(_ key: String) -> Substring? { fields.first { $0.key.lowercased() == key }?.value.text?.trimmed }
    guard let action = text("action"), !action.isEmpty else { return nil }
    return (action, text("thought") ?? "")
  }

  /// The text split at the beginning of each observation.
  private static func turns(of words: Substring) -> [Substring] {
    var turns: [Substring] = []
    var start = words.startIndex
    for line in words.lines where line.startIndex > start && AnswerMarker(line: line)?.kind == .observation {
      turns.append(words[start..<line.startIndex])
      start = line.startIndex
    }
    return turns + [words[start...]]
  }

  /// The first action at the beginning of a line, otherwise the first one within a line.
  private static func action(in turn: Substring) -> (marker: AnswerMarker, action: Substring)? {
    for line in turn.lines {
      guard let marker = AnswerMarker(line: line), marker.kind == .action else { continue }
      if let action = words(of: marker, in: turn) { return (marker, action) }
    }
    var rest = turn
    while let marker = AnswerMarker(within: rest, kinds: [.action], afterSentence: true) {
      if let action = words(of: marker, in: turn) { return (marker, action) }
      rest = turn[marker.end...]
    }
    return nil
  }

  /// The text that a marker introduces: the rest of its line, or the next line if the rest is empty. A code fence or a
  /// JSON object is taken whole.
  private static func words(of marker: AnswerMarker, in turn: Substring) -> Substring? {
    let rest = turn[marker.end...].trimmed
    if let fenced = Decoration.fenced(rest)?.trimmed, !fenced.isEmpty { return fenced }
    if let json = json(at: rest) { return json }
    var line = rest.prefix { !$0.isNewline }
    // The line after the marker may begin with another marker.
    if turn[marker.end..<line.startIndex].contains(where: \.isNewline), AnswerMarker(line: line) != nil { return nil }
    if let next = AnswerMarker(within: line, kinds: [.action, .thought, .observation], afterSentence: false) {
      line = line[..<next.start]
    }
    // The closing tag of a tag that the marker opened. A tag around the action alone is decoration instead.
    let tags = ["</action", "[/ACTION", "[/Action", "[/action"]
    if !line.hasPrefix("<"), let tag = tags.lazy.compactMap({ line.range(of: $0, last: false) }).first {
      line = line[..<tag.lowerBound]
    }
    line = line.trimmed
    if !marker.closing.isEmpty, line.hasSuffix(marker.closing) { line = line.dropLast(marker.closing.count).trimmed }
    return line.isEmpty ? nil : line
  }

  /// A JSON object or list at the beginning that spans several lines; nil if it ends on its first line.
  private static func json(at text: Substring) -> Substring? {
    guard text.first == "{" || text.first == "[" else { return nil }
    var (depth, isText, isEscaped, hasNewline) = (0, false, false, false)
    for place in text.indices {
      let character = text[place]
      if character.isNewline { hasNewline = true }
      switch character {
      case _ where isEscaped: isEscaped = false
      case "\\" where isText: isEscaped = true
      case "\"": isText.toggle()
      case "{", "[": if !isText { depth += 1 }
      case "}", "]": if !isText { depth -= 1 }
      default: break
      }
      guard depth == 0 else { continue }
      let object = text[...place]
      return hasNewline && Decoration.isJSON(object) ? object : nil
    }
    return nil
  }

  /// The thought without a leading "Thought:".
  private static func thought(in words: Substring) -> Substring {
    let words = words.trimmed
    guard let line = words.lines.first(where: { !$0.allSatisfy(\.isWhitespace) }),
      let marker = AnswerMarker(line: line), marker.kind == .thought
    else { return words }
    return words[marker.end...].trimmed
  }
}

extension Substring {
  /// The lines without their terminators.
  var lines: [Substring] { split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) }
}
