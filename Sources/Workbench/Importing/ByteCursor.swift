import Foundation

/// Reads a file byte by byte, in pieces, and counts its lines.
struct ByteCursor {
  /// Longer lines and values are refused, so that a file of another kind does not fill the memory.
  static let longest = 256 << 20

  private let handle: FileHandle
  private let longest: Int
  private var buffer: [UInt8] = []
  private var place = 0
  /// The bytes that were read before `buffer`.
  private var before = 0
  /// The line of the next byte, from 1.
  private(set) var line = 1

  init(_ path: String, longest: Int = Self.longest) throws {
    self.longest = longest
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw ConfigurationError("There is no file \(path), or it may not be read.")
    }
    self.handle = handle
  }

  /// How many bytes were taken.
  var offset: Int { before + place }

  /// The next byte; nil at the end.
  mutating func peek() throws -> UInt8? {
    if place == buffer.count {
      before += buffer.count
      buffer = Array(try handle.read(upToCount: 1 << 20) ?? Data())
      place = 0
    }
    return place < buffer.count ? buffer[place] : nil
  }

  mutating func take() throws -> UInt8? {
    guard let byte = try peek() else { return nil }
    place += 1
    if byte == UInt8(ascii: "\n") { line += 1 }
    return byte
  }

  /// The bytes to the end of the line; nil at the end of the file, or if the line is too long, which is then skipped.
  mutating func takeLine() throws -> (bytes: [UInt8]?, line: Int)? {
    guard try peek() != nil else { return nil }
    let first = line
    var bytes: [UInt8] = []
    var isTooLong = false
    while try peek() != nil {
      let rest = buffer[place...]
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      if bytes.count + (end ?? rest.endIndex) - place > longest { isTooLong = true }
      if !isTooLong { bytes += rest[..<(end ?? rest.endIndex)] }
      place = end.map { $0 + 1 } ?? buffer.count
      if end != nil {
        line += 1
        break
      }
    }
    return (isTooLong ? nil : bytes, first)
  }

  mutating func skipSpace() throws {
    while let byte = try peek(),
      byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 || byte == 0xEF
        || byte == 0xBB || byte == 0xBF
    { _ = try take() }
  }

  /// The bytes of a JSON value, which need not be sound; nil at the end of the file.
  ///
  /// - Parameter keeps: whether the bytes are kept; otherwise the value is skipped.
  mutating func takeValue(keeping keeps: Bool = true) throws -> [UInt8]? {
    try skipSpace()
    var bytes: [UInt8] = []
    var count = 0
    var depth = 0
    var isInText = false
    while let byte = try peek() {
      if !isInText, depth == 0, count > 0, byte == 0x2C || byte == 0x5D || byte == 0x7D || byte <= 0x20 { break }
      _ = try take()
      count += 1
      guard count <= longest else { throw BadRecord("it is longer than \(longest >> 20) MB") }
      if keeps { bytes.append(byte) }
      if isInText {
        if byte == 0x5C, let escaped = try take() {
          count += 1
          if keeps { bytes.append(escaped) }
        } else if byte == 0x22 {
          isInText = false
          if depth == 0 { break }
        }
        continue
      }
      switch byte {
      case 0x22: isInText = true
      case 0x5B, 0x7B: depth += 1
      case 0x5D, 0x7D:
        depth -= 1
        if depth <= 0 { return bytes }
      default: break
      }
    }
    return count == 0 ? nil : bytes
  }
}
