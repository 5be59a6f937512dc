import Foundation

/// Iterates over the entries of a JSON array or object that is too large for memory.
///
/// Only brackets and quotes are parsed, so the bytes of an entry may still be invalid JSON.
struct JSONEntries {
  /// Why the entries of a file cannot be read.
  struct Unreadable: Error { let reason: String }

  /// Bytes read so far.
  private(set) var position = 0
  /// A digest of the bytes read so far (FNV-1a).
  private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

  private let file: FileHandle
  private var buffer: [UInt8] = []
  /// The index in `buffer` at which the next entry begins.
  private var start = 0
  private var isFinished = false

  private static let chunk = 1 << 20
  /// The longest entry, in bytes. No product is longer.
  private static let longest = 1 << 26

  init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw Unreadable(reason: "it cannot be opened") }
    self.file = file
  }

  /// The next entry: `value` in an array, `"key": value` in an object; nil at the end of the file.
  mutating func next() throws -> ArraySlice<UInt8>? {
    guard !isFinished else { return nil }
    if position == 0 { try skipOpening() }
    var scan = start
    var depth = 0
    var isInString = false
    var isEscaped = false
    while true {
      while scan < buffer.count {
        let byte = buffer[scan]
        if isEscaped {
          isEscaped = false
        } else if isInString {
          if byte == UInt8(ascii: "\\") { isEscaped = true } else if byte == UInt8(ascii: "\"") { isInString = false }
        } else {
          switch byte {
          case UInt8(ascii: "\""): isInString = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if depth == 0 { return try finish(at: scan) }
            depth -= 1
          case UInt8(ascii: ",") where depth == 0:
            defer { start = scan + 1 }
            return buffer[start..<scan]
          default: break
          }
        }
        scan += 1
      }
      scan -= start
      guard buffer.count - start <= Self.longest, try fill() else {
        throw Unreadable(reason: "it ends, or goes on for 64 MB, in the middle of an entry")
      }
    }
  }

  /// The last entry, if one precedes the closing bracket. Reads to the end of the file to complete the digest.
  private mutating func finish(at end: Int) throws -> ArraySlice<UInt8>? {
    isFinished = true
    let entry = Array(buffer[start..<end])
    start = buffer.count
    while try fill() { start = buffer.count }
    try file.close()
    return entry.contains { $0 > 0x20 } ? entry[...] : nil
  }

  private mutating func skipOpening() throws {
    while try fill() {
      // A byte order mark may precede the JSON.
      if buffer.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
      while start < buffer.count, buffer[start] <= 0x20 { start += 1 }
      if start < buffer.count { break }
    }
    guard start < buffer.count, [UInt8(ascii: "["), UInt8(ascii: "{")].contains(buffer[start]) else {
      throw Unreadable(reason: "it begins with neither [ nor {")
    }
    start += 1
  }

  /// Drops the consumed bytes and reads more.
  ///
  /// - Returns: false at the end of the file.
  private mutating func fill() throws -> Bool {
    buffer.removeFirst(start)
    start = 0
    guard let data = try file.read(upToCount: Self.chunk), !data.isEmpty else { return false }
    buffer.append(contentsOf: data)
    position += data.count
    digest = data.withUnsafeBytes { bytes in
      bytes.reduce(digest) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
    return true
  }
}
