import Foundation

/// A zip file's uncompressed entries. PyTorch writes no others.
struct ZipFile: Sendable {
  let path: String
  private let data: Data
  private let ranges: [String: Range<Int>]

  init(data: Data, path: String) throws(ModelFileError) {
    self.data = data
    self.path = path
    ranges = try data.withBytes { bytes throws(ModelFileError) in
      guard let ranges = ZipFile.directory(bytes) else {
        throw ModelFileError(
          .malformed, path, "This is not a valid zip file of PyTorch: it may be truncated or damaged.")
      }
      return ranges
    }
  }

  var names: [String] { ranges.keys.sorted() }
  func size(of name: String) -> Int? { ranges[name]?.count }

  func withBytes<Value>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws(ModelFileError) -> Value
  ) throws(ModelFileError) -> Value {
    guard let range = ranges[name] else {
      throw ModelFileError(.malformed, path, "There is no entry \(quoted(name)) in it.")
    }
    return try data.withBytes { bytes throws(ModelFileError) in
      try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }

  /// The byte range of each entry; nil if the file is damaged, compressed or too large for plain zip.
  private static func directory(_ bytes: UnsafeRawBufferPointer) -> [String: Range<Int>]? {
    func number(_ place: Int, _ size: Int) -> Int? {
      guard place >= 0, place + size <= bytes.count else { return nil }
      return (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    let end = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 65_535), by: -1).first {
      number($0, 4) == 0x0605_4B50
    }
    guard let end, let count = number(end + 10, 2), count < 0xFFFF, var place = number(end + 16, 4) else { return nil }
    var ranges: [String: Range<Int>] = [:]
    for _ in 0..<count {
      guard number(place, 4) == 0x0201_4B50, let method = number(place + 10, 2), method == 0,
        let size = number(place + 24, 4), number(place + 20, 4) == size, let nameSize = number(place + 28, 2),
        let extra = number(place + 30, 2), let comment = number(place + 32, 2), let local = number(place + 42, 4),
        number(place + 46, nameSize) != nil || nameSize > 8, place + 46 + nameSize <= bytes.count,
        number(local, 4) == 0x0403_4B50, let localName = number(local + 26, 2), let localExtra = number(local + 28, 2)
      else { return nil }
      let name = String(decoding: bytes[place + 46..<place + 46 + nameSize], as: UTF8.self)
      let start = local + 30 + localName + localExtra
      guard start + size <= bytes.count, ranges.updateValue(start..<start + size, forKey: name) == nil else {
        return nil
      }
      place += 46 + nameSize + extra + comment
    }
    return ranges
  }
}
