extension Transcript {
  /// The transcript with the admissible actions listed before the text of the last prompt, unless that text lists them
  /// already.
  ///
  /// Only the present turn lists them, so that the past stays short.
  /// - Parameter choices: ``Trajectory/offeredChoices``.
  public func listing(_ choices: [String]?) -> Transcript {
    guard let choices, !choices.isEmpty, case .prompt(let text) = entries.last, !Self.lists(choices, in: text) else {
      return self
    }
    var transcript = self
    let list = "Possible actions:\n" + choices.map { "- \($0)" }.joined(separator: "\n")
    transcript.entries[entries.count - 1] = .prompt(text.isEmpty ? list : list + "\n\n" + text)
    return transcript
  }

  /// Whether every choice occurs in the last prompt, in a list or elsewhere.
  package func names(_ choices: [String]) -> Bool {
    guard case .prompt(let text) = entries.last else { return false }
    let words = text.lowercased()
    return choices.allSatisfy { words.contains($0.lowercased()) }
  }

  /// Whether the text lists the choices: in order, separated only by punctuation, "or" and "and". A single choice is
  /// not a list.
  private static func lists(_ choices: [String], in text: String) -> Bool {
    guard choices.count > 1 else { return false }
    let text = Array(text.lowercased().utf8)
    let items = choices.map { Array($0.lowercased().utf8) }
    return text.indices.contains { start in
      guard text.holds(items[0], at: start), !text.isWord(before: start) else { return false }
      var end = start + items[0].count
      for item in items.dropFirst() {
        guard let next = text.place(of: item, after: end) else { return false }
        end = next + item.count
      }
      return end == text.count || !text[end].isWordByte
    }
  }
}

extension Trajectory {
  /// The admissible actions now. If the world answered an invalid action without a list, the previous list applies.
  public var offeredChoices: [String]? {
    var past = self
    while past.observation.choices == nil, let last = past.last, last.outcome.isInvalid || !last.action.isParsed {
      past = past.prefix(past.count - 1)
    }
    return past.observation.choices
  }
}

extension UInt8 {
  fileprivate var isWordByte: Bool {
    self >= 0x80 || (0x30...0x39).contains(self) || (0x61...0x7a).contains(self)
  }
}

extension [UInt8] {
  fileprivate func holds(_ bytes: [UInt8], at start: Int) -> Bool {
    start + bytes.count <= count && self[start..<(start + bytes.count)].elementsEqual(bytes)
  }

  fileprivate func isWord(before place: Int) -> Bool { place > 0 && self[place - 1].isWordByte }

  /// The place of the next list item after the previous item, which ends at `end`.
  fileprivate func place(of item: [UInt8], after end: Int) -> Int? {
    var place = end
    // Only separators may stand between two items of a list.
    while place < Swift.min(count, end + 24) {
      if place > end, holds(item, at: place) { return place }
      if let word = [Array("or ".utf8), Array("and ".utf8)].first(where: { holds($0, at: place) }) {
        place += word.count
      } else if !self[place].isWordByte {
        place += 1
      } else {
        return nil
      }
    }
    return holds(item, at: place) ? place : nil
  }
}
