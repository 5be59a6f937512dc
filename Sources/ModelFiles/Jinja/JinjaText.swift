/// A text as Unicode scalars, as Python counts them. Each scalar is marked as message content or as the template's own
/// text.
///
/// Every operation on texts preserves the marks: content that is cut, replaced or joined remains marked.
struct JinjaText: Sendable, Hashable {
  /// The scalar values. The top bit is the mark of message content.
  private(set) var marked: [UInt32]

  private static let said: UInt32 = 1 << 31

  init(_ string: some StringProtocol, isSaid: Bool = false) {
    marked = string.unicodeScalars.map { isSaid ? $0.value | Self.said : $0.value }
  }

  init(marked: some Sequence<UInt32>) { self.marked = Array(marked) }

  static let empty = JinjaText(marked: [])

  var count: Int { marked.count }
  var isEmpty: Bool { marked.isEmpty }
  var string: String { String(String.UnicodeScalarView(marked.map(Self.scalar))) }

  static func scalar(_ marked: UInt32) -> Unicode.Scalar { Unicode.Scalar(value(marked)) ?? "\u{FFFD}" }
  static func value(_ marked: UInt32) -> UInt32 { marked & ~said }

  /// Equality ignores marks.
  static func == (a: JinjaText, b: JinjaText) -> Bool {
    a.count == b.count && zip(a.marked, b.marked).allSatisfy { value($0) == value($1) }
  }

  func hash(into hasher: inout Hasher) { for scalar in marked { hasher.combine(Self.value(scalar)) } }

  static func < (a: JinjaText, b: JinjaText) -> Bool {
    a.marked.lazy.map(value).lexicographicallyPrecedes(b.marked.lazy.map(value))
  }

  static func + (a: JinjaText, b: JinjaText) -> JinjaText { JinjaText(marked: a.marked + b.marked) }
  static func += (a: inout JinjaText, b: JinjaText) { a.marked += b.marked }

  subscript(range: Range<Int>) -> JinjaText { JinjaText(marked: marked[range]) }

  /// The scalars, each as a text.
  var letters: [JinjaText] { marked.map { JinjaText(marked: [$0]) } }

  /// The runs of equal marks: message content and the template's own text.
  var segments: [ChatSegment] {
    var segments: [ChatSegment] = []
    var start = 0
    while start < marked.count {
      let mark = marked[start] & Self.said
      let end = marked[start...].firstIndex { $0 & Self.said != mark } ?? marked.count
      segments.append(ChatSegment(text: self[start..<end].string, isMarkup: mark == 0))
      start = end
    }
    return segments
  }

  /// The text with every scalar replaced by the result of `body`. Marks are preserved.
  func mapped(_ body: (Unicode.Scalar) -> String) -> JinjaText {
    JinjaText(
      marked: marked.flatMap { scalar in
        body(Self.scalar(scalar)).unicodeScalars.map { $0.value | (scalar & Self.said) }
      })
  }
}

/// Methods of Python's `str`.
extension JinjaText {
  static func isSpace(_ marked: UInt32) -> Bool {
    switch value(marked) {
    case 9...13, 28...32, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// - Parameter scalars: the scalars to remove; nil for white space.
  func stripped(_ scalars: JinjaText? = nil, left: Bool = true, right: Bool = true) -> JinjaText {
    let cuts = scalars.map { Set($0.marked.map(Self.value)) }
    let goes = { (scalar: UInt32) in cuts?.contains(Self.value(scalar)) ?? Self.isSpace(scalar) }
    var (start, end) = (0, count)
    if left { while start < end, goes(marked[start]) { start += 1 } }
    if right { while end > start, goes(marked[end - 1]) { end -= 1 } }
    return self[start..<end]
  }

  func starts(with prefix: JinjaText) -> Bool { count >= prefix.count && self[0..<prefix.count] == prefix }
  func ends(with suffix: JinjaText) -> Bool { count >= suffix.count && self[count - suffix.count..<count] == suffix }

  /// The first place of `needle` at or after `start`.
  func find(_ needle: JinjaText, from start: Int = 0) -> Int? {
    guard needle.count <= count - start else { return nil }
    guard let first = needle.marked.first.map(Self.value) else { return start }
    return (start...count - needle.count).first { place in
      Self.value(marked[place]) == first
        && (1..<needle.count).allSatisfy { Self.value(marked[place + $0]) == Self.value(needle.marked[$0]) }
    }
  }

  func lastFind(_ needle: JinjaText) -> Int? {
    guard needle.count <= count else { return nil }
    return (0...count - needle.count).last { self[$0..<$0 + needle.count] == needle }
  }

  /// Splits at every `separator`, at most `limit` times; nil splits at runs of white space.
  func split(_ separator: JinjaText?, limit: Int = .max) -> [JinjaText] {
    guard let separator else { return words(limit: limit) }
    var pieces: [JinjaText] = []
    var start = 0
    while pieces.count < limit, let place = find(separator, from: start) {
      pieces.append(self[start..<place])
      start = place + separator.count
    }
    return pieces + [self[start..<count]]
  }

  /// The same, from the end.
  func splitFromEnd(_ separator: JinjaText, limit: Int) -> [JinjaText] {
    var pieces: [JinjaText] = []
    var rest = self
    while pieces.count < limit, let place = rest.lastFind(separator) {
      pieces.append(rest[place + separator.count..<rest.count])
      rest = rest[0..<place]
    }
    return [rest] + pieces.reversed()
  }

  private func words(limit: Int) -> [JinjaText] {
    var pieces: [JinjaText] = []
    var rest = stripped(right: false)
    while !rest.isEmpty, pieces.count < limit {
      let end = rest.marked.firstIndex(where: Self.isSpace) ?? rest.count
      pieces.append(rest[0..<end])
      rest = rest[end..<rest.count].stripped(right: false)
    }
    return rest.isEmpty ? pieces : pieces + [rest]
  }

  func lines(keepsEnds: Bool) -> [JinjaText] {
    var lines: [JinjaText] = []
    var start = 0
    var place = 0
    while place < count {
      let scalar = Self.value(marked[place])
      guard [10, 11, 12, 13, 28, 29, 30, 0x85, 0x2028, 0x2029].contains(scalar) else {
        place += 1
        continue
      }
      let next = scalar == 13 && place + 1 < count && Self.value(marked[place + 1]) == 10 ? place + 2 : place + 1
      lines.append(self[start..<(keepsEnds ? next : place)])
      (start, place) = (next, next)
    }
    return start < count ? lines + [self[start..<count]] : lines
  }

  func replacing(_ old: JinjaText, with new: JinjaText, limit: Int = .max) -> JinjaText {
    guard !old.isEmpty else {
      var result = JinjaText.empty
      for (number, letter) in letters.enumerated() { result += number < limit ? new + letter : letter }
      return count < limit ? result + new : result
    }
    return JinjaText.joined(split(old, limit: limit), by: new)
  }

  static func joined(_ pieces: [JinjaText], by separator: JinjaText = .empty) -> JinjaText {
    var result = JinjaText.empty
    for (number, piece) in pieces.enumerated() {
      if number > 0 { result += separator }
      result += piece
    }
    return result
  }

  var uppercased: JinjaText { mapped { $0.properties.uppercaseMapping } }
  var lowercased: JinjaText { mapped { $0.properties.lowercaseMapping } }
  var capitalized: JinjaText { isEmpty ? self : self[0..<1].uppercased + self[1..<count].lowercased }

  var titled: JinjaText {
    var afterLetter = false
    return mapped { scalar in
      defer { afterLetter = scalar.properties.isAlphabetic }
      return afterLetter ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
    }
  }
}
