/// A file format given by mistake, detected by its first bytes. These mistakes are common, and the errors they cause
/// elsewhere are obscure.
package enum FileForm: Sendable, Hashable {
  /// A pointer that Git LFS leaves in place of a file that was not fetched.
  case lfsPointer
  /// UTF-16 text, as Windows programs write it.
  case utf16
  case gzip

  /// nil if the bytes match none of these formats.
  package init?(_ start: some Collection<UInt8>) {
    let bytes = Array(start.prefix(64))
    if bytes.starts(with: "version https://git-lfs.github.com/spec/".utf8) {
      self = .lfsPointer
    } else if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) || Self.alternatesWithZeros(bytes) {
      self = .utf16
    } else if bytes.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else {
      return nil
    }
  }

  /// Whether every other byte is 0 and the rest is ASCII, as in UTF-16 without a byte-order mark.
  private static func alternatesWithZeros(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 4 else { return false }
    let even = stride(from: 0, to: bytes.count - 1, by: 2).map { bytes[$0] }
    let odd = stride(from: 1, to: bytes.count, by: 2).map { bytes[$0] }
    func isText(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { (0x09...0x7e).contains($0) } }
    func isZero(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 == 0 } }
    return (isText(even) && isZero(odd)) || (isZero(even) && isText(odd))
  }

  /// What the file is and what to do, as a continuation of a sentence that begins with the file's name.
  package var explanation: String {
    switch self {
    case .lfsPointer: "is a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`."
    case .utf16: "is UTF-16 text; save it as UTF-8."
    case .gzip: "is compressed; unpack it with `gunzip` first."
    }
  }
}
