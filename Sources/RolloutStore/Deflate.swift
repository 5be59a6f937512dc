import CZlib
import Foundation

/// DEFLATE (RFC 1951), by the system's zlib.
package enum Deflate {
  /// What is around the compressed bytes.
  package enum Form: Sendable {
    /// Nothing, as in zip files.
    case raw
    /// The header and the checksum of zlib (RFC 1950).
    case zlib

    fileprivate var windowBits: Int32 { self == .raw ? -MAX_WBITS : MAX_WBITS }
  }

  /// nil if the library refuses.
  package static func compressed(_ plain: [UInt8], as form: Form) -> [UInt8]? {
    guard uInt(exactly: plain.count) != nil else { return nil }
    var stream = z_stream()
    guard
      deflateInit2_(
        &stream, 6, Z_DEFLATED, form.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)
      )
        == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    var packed = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(plain.count))) + 16)
    var plain = plain
    return plain.withUnsafeMutableBufferPointer { source in
      let written = packed.withUnsafeMutableBufferPointer { target -> Int? in
        (stream.next_in, stream.avail_in) = (source.baseAddress, uInt(source.count))
        (stream.next_out, stream.avail_out) = (target.baseAddress, uInt(target.count))
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? target.count - Int(stream.avail_out) : nil
      }
      return written.map { Array(packed[..<$0]) }
    }
  }

  /// - Parameter size: of the plain bytes, which is exact.
  /// - Returns: nil if the bytes are damaged or have another size.
  package static func expanded(_ packed: UnsafeRawBufferPointer, size: Int, from form: Form) -> [UInt8]? {
    guard uInt(exactly: packed.count) != nil, uInt(exactly: size + 1) != nil else { return nil }
    var stream = z_stream()
    guard inflateInit2_(&stream, form.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
    defer { inflateEnd(&stream) }
    // One byte more, so that longer contents are noticed.
    var plain = [UInt8](repeating: 0, count: size + 1)
    let isWhole = plain.withUnsafeMutableBufferPointer { target in
      stream.next_in = UnsafeMutablePointer(mutating: packed.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = uInt(packed.count)
      (stream.next_out, stream.avail_out) = (target.baseAddress, uInt(target.count))
      return inflate(&stream, Z_FINISH) == Z_STREAM_END && Int(stream.avail_out) == 1
    }
    guard isWhole else { return nil }
    plain.removeLast()
    return plain
  }

  /// CRC-32 of the bytes.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32(0, bytes, uInt(bytes.count)))
  }
}
