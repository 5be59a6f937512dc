import Foundation
import RolloutStore

/// Reads the entries of a zip file: stored ones and those of DEFLATE. The file is mapped, and every offset checked.
struct ZipReader {
  /// Why an entry or the file cannot be read.
  enum Failure: Error {
    /// Truncated, damaged, or no zip file.
    case damaged
    /// The entry has a compression of another kind, such as Zstandard (93).
    case method(Int)
    /// The entry is larger than is read.
    case tooLarge
  }

  /// One entry.
  struct Entry {
    let name: String
    let method: Int
    let size: Int
    fileprivate let packedSize: Int
    fileprivate let checksum: Int
    fileprivate let local: Int
  }

  private let data: Data
  /// The entries in the order of the directory.
  let entries: [Entry]

  init(_ data: Data) throws(Failure) {
    self.data = data
    guard let entries = data.withUnsafeBytes({ Self.directory($0) }) else { throw .damaged }
    self.entries = entries
  }

  /// The plain bytes of an entry.
  ///
  /// - Parameter limit: larger entries are refused.
  func bytes(of entry: Entry, limit: Int) throws(Failure) -> [UInt8] {
    guard entry.size <= limit else { throw .tooLarge }
    guard entry.method == 0 || entry.method == 8 else { throw .method(entry.method) }
    guard let bytes = data.withUnsafeBytes({ Self.bytes(of: entry, in: $0) }) else { throw .damaged }
    return bytes
  }

  private static func bytes(of entry: Entry, in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    guard number(bytes, entry.local, 4) == 0x0403_4B50, let name = number(bytes, entry.local + 26, 2),
      let extra = number(bytes, entry.local + 28, 2)
    else { return nil }
    let start = entry.local + 30 + name + extra
    guard start <= bytes.count, entry.packedSize <= bytes.count - start else { return nil }
    let packed = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + entry.packedSize)])
    let plain: [UInt8]?
    if entry.method == 0 {
      plain = packed.count == entry.size ? Array(packed) : nil
    } else {
      plain = Deflate.expanded(packed, size: entry.size, from: .raw)
    }
    guard let plain, Int(Deflate.checksum(plain)) == entry.checksum else { return nil }
    return plain
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ size: Int) -> Int? {
    guard place >= 0, place <= bytes.count - size else { return nil }
    let value = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) }
    return Int(exactly: value)
  }

  /// The entries; nil if the file is damaged.
  private static func directory(_ bytes: UnsafeRawBufferPointer) -> [Entry]? {
    guard bytes.count >= 22 else { return nil }
    let end = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 65_535), by: -1).first {
      number(bytes, $0, 4) == 0x0605_4B50
    }
    guard let end, var count = number(bytes, end + 10, 2), var place = number(bytes, end + 16, 4) else { return nil }
    if count == 0xFFFF || place == 0xFFFF_FFFF {
      guard number(bytes, end - 20, 4) == 0x0706_4B50, let far = number(bytes, end - 12, 8),
        number(bytes, far, 4) == 0x0606_4B50, let all = number(bytes, far + 32, 8),
        let start = number(bytes, far + 48, 8)
      else { return nil }
      (count, place) = (all, start)
    }
    // An entry of the directory has 46 bytes at least.
    guard count <= bytes.count / 46 else { return nil }
    var entries: [Entry] = []
    for _ in 0..<count {
      guard number(bytes, place, 4) == 0x0201_4B50, let method = number(bytes, place + 10, 2),
        let checksum = number(bytes, place + 16, 4), let packed = number(bytes, place + 20, 4),
        let size = number(bytes, place + 24, 4), let nameSize = number(bytes, place + 28, 2),
        let extra = number(bytes, place + 30, 2), let comment = number(bytes, place + 32, 2),
        let local = number(bytes, place + 42, 4), place + 46 <= bytes.count - nameSize - extra - comment
      else { return nil }
      var values = [size, packed, local]
      widen(&values, bytes, from: place + 46 + nameSize, length: extra)
      let name = String(decoding: bytes[(place + 46)..<(place + 46 + nameSize)], as: UTF8.self)
      entries.append(
        Entry(
          name: name, method: method, size: values[0], packedSize: values[1], checksum: checksum, local: values[2]))
      place += 46 + nameSize + extra + comment
    }
    return entries
  }

  /// Replaces numbers that do not fit 32 bits by those of the extra field 1 (zip64), which has them in this order.
  private static func widen(_ values: inout [Int], _ bytes: UnsafeRawBufferPointer, from start: Int, length: Int) {
    var place = start
    while place + 4 <= start + length, let kind = number(bytes, place, 2), let size = number(bytes, place + 2, 2) {
      if kind == 1 {
        var field = place + 4
        for index in values.indices where values[index] == 0xFFFF_FFFF {
          guard field + 8 <= place + 4 + size, let value = number(bytes, field, 8) else { return }
          values[index] = value
          field += 8
        }
        return
      }
      place += 4 + size
    }
  }
}
