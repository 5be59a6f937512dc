/// Replaces what differs between two runs of the same commands: dates, times, durations, temporary paths, addresses in
/// memory and the amount of white space.
///
/// It is one pass over bytes, since histories of agents are long and every question has its whole history.
package struct ShellText {
  private let bytes: [UInt8]
  private var place = 0
  private var written: [UInt8] = []

  /// The text with marks such as `<time>` for what differs.
  package static func normalised(_ text: String) -> String {
    var reader = ShellText(bytes: Array(text.utf8))
    reader.written.reserveCapacity(reader.bytes.count)
    while reader.place < reader.bytes.count { reader.step() }
    return String(decoding: reader.written, as: UTF8.self)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func step() {
    let byte = bytes[place]
    if Self.isSpace(byte) {
      while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
      written.append(UInt8(ascii: " "))
      return
    }
    let isStart = place == 0 || !Self.isWord(bytes[place - 1])
    if isStart {
      for (find, name) in Self.kinds(of: byte) {
        if let end = find(self, place), end > place {
          place = end
          written += name.utf8
          return
        }
      }
    }
    written.append(byte)
    place += 1
  }

  private typealias Finder = @Sendable (ShellText, Int) -> Int?

  /// What can begin with a byte, with what is written for it.
  private static func kinds(of byte: UInt8) -> [(Finder, String)] {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): numbers
    case UInt8(ascii: "/"): paths
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): names
    default: []
    }
  }

  private static let numbers: [(Finder, String)] = [
    ({ $0.address(at: $1) }, "<address>"), ({ $0.date(at: $1) }, "<time>"), ({ $0.clock(at: $1) }, "<time>"),
    ({ $0.duration(at: $1) }, "<duration>"),
  ]
  private static let paths: [(Finder, String)] = [({ $0.temporaryPath(at: $1) }, "<path>")]
  private static let names: [(Finder, String)] = [({ $0.namedDate(at: $1) }, "<time>")]

  // MARK: - What differs

  /// `0x7f3a…`, of at least four digits.
  private func address(at start: Int) -> Int? {
    guard let first = literal("0x", at: start) else { return nil }
    var end = first
    while end < bytes.count, Self.isHex(bytes[end]) { end += 1 }
    return end - first >= 4 && isEnd(end) ? end : nil
  }

  /// `2026-11-30`, alone or with a time of day.
  private func date(at start: Int) -> Int? {
    var end: Int?
    for mark in ["-", "/"] {
      guard let month = digits(4, at: start).flatMap({ literal(mark, at: $0) }) else { continue }
      end = digits(2, at: month).flatMap { literal(mark, at: $0) }.flatMap { digits(2, at: $0) }
    }
    guard let end else { return nil }
    if end < bytes.count, [UInt8(ascii: "T"), UInt8(ascii: " "), UInt8(ascii: "_")].contains(bytes[end]),
      let time = clock(at: end + 1)
    {
      return time
    }
    return isEnd(end) ? end : nil
  }

  /// `19:02`, `19:02:33.123`, with a zone.
  private func clock(at start: Int) -> Int? {
    // In `a.py:12:34`, a line and a column.
    if start > 0, bytes[start - 1] == UInt8(ascii: ":") { return nil }
    let hours = digits(2, at: start) ?? digits(1, at: start)
    guard var end = hours.flatMap({ literal(":", at: $0) }).flatMap({ digits(2, at: $0) }) else { return nil }
    if let seconds = literal(":", at: end).flatMap({ digits(2, at: $0) }) {
      end = seconds
      if let mark = literal(".", at: end) ?? literal(",", at: end) { end = run(at: mark) ?? end }
    }
    if let zone = literal("Z", at: end) {
      end = zone
    } else {
      let mark = literal(" +", at: end) ?? literal(" -", at: end) ?? literal("+", at: end) ?? literal("-", at: end)
      if let hours = mark.flatMap({ digits(2, at: $0) }),
        let minutes = digits(2, at: literal(":", at: hours) ?? hours)
      {
        end = minutes
      }
    }
    return isEnd(end) ? end : nil
  }

  private static let units = [
    "ms", "us", "µs", "ns", "seconds", "second", "secs", "sec", "s", "minutes", "minute", "mins", "min", "m", "hours",
    "hour", "h",
  ]

  /// `0.04s`, `12ms`, `1m3.2s`, `3.1 seconds`.
  private func duration(at start: Int) -> Int? {
    guard var end = run(at: start) else { return nil }
    if let fraction = literal(".", at: end).flatMap({ run(at: $0) }) { end = fraction }
    let spaced = literal(" ", at: end)
    for unit in Self.units {
      // "3 m" is a length more often than a time.
      if let after = literal(unit, at: end) ?? (unit.utf8.count > 1 ? spaced.flatMap({ literal(unit, at: $0) }) : nil) {
        if isEnd(after) { return after }
        if let rest = duration(at: after) { return rest }
      }
    }
    return nil
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  /// `Nov 30 19:02` or `Nov  3  2026`, as `ls -l` prints, also after a day of the week and with a year at the end.
  private func namedDate(at start: Int) -> Int? {
    var start = start
    for day in Self.days {
      if let end = literal(day, at: start) {
        start = spaces(at: literal(",", at: end) ?? end)
        break
      }
    }
    guard let month = Self.months.lazy.compactMap({ literal($0, at: start) }).first else { return nil }
    let place = spaces(at: month)
    guard place > month, let day = digits(2, at: place) ?? digits(1, at: place) else { return nil }
    let next = spaces(at: literal(",", at: day) ?? day)
    guard next > day else { return nil }
    if let year = digits(4, at: next), isEnd(year) { return year }
    guard let time = clock(at: next) else { return nil }
    if let year = digits(4, at: spaces(at: time)), isEnd(year) { return year }
    return time
  }

  private static let temporary = ["/tmp/", "/var/folders/", "/private/tmp/", "/private/var/folders/", "/var/tmp/"]

  /// The first component below a temporary folder, or the whole path of macOS' folders up to it.
  private func temporaryPath(at start: Int) -> Int? {
    for folder in Self.temporary {
      guard var end = literal(folder, at: start) else { continue }
      // macOS: /var/folders/XX/YYYY/T/name.
      for _ in 0..<(folder.hasSuffix("folders/") ? 4 : 1) {
        let component = end
        while end < bytes.count, Self.isPath(bytes[end]) { end += 1 }
        if end == component { break }
        if folder.hasSuffix("folders/"), end < bytes.count, bytes[end] == UInt8(ascii: "/") { end += 1 }
      }
      return end
    }
    return nil
  }

  // MARK: - Bytes

  private func literal(_ text: String, at start: Int) -> Int? {
    var place = start
    for byte in text.utf8 {
      guard place < bytes.count, bytes[place] == byte else { return nil }
      place += 1
    }
    return place
  }

  private func digits(_ count: Int, at start: Int) -> Int? {
    let end = run(at: start) ?? start
    return end - start == count ? end : nil
  }

  /// The end of a run of digits.
  private func run(at start: Int) -> Int? {
    var end = start
    while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
    return end > start ? end : nil
  }

  private func spaces(at start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] == UInt8(ascii: " ") { end += 1 }
    return end
  }

  /// Whether no word goes on at a place.
  private func isEnd(_ place: Int) -> Bool { place >= bytes.count || !Self.isWord(bytes[place]) }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
  private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
  }
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
  private static func isPath(_ byte: UInt8) -> Bool {
    isWord(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }
}
