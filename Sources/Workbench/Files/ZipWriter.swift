import Foundation
import RolloutStore

/// Writes a zip file entry by entry, compressed. Of what was written only the directory is kept: about a hundred bytes
/// an entry. Files and directories of any size are written (zip64).
struct ZipWriter {
  private let sink: any ByteSink
  private var offset = 0
  private var directory: [UInt8] = []
  private var count = 0

  init(_ sink: any ByteSink) { self.sink = sink }

  /// - Parameter bytes: less than 4 GB.
  mutating func add(_ name: String, _ bytes: [UInt8]) async throws {
    let packed = Deflate.compressed(bytes, as: .raw).flatMap { $0.count < bytes.count ? $0 : nil }
    let stored = packed ?? bytes
    guard bytes.count < Int(UInt32.max) else { throw ExportError("\(name) is larger than 4 GB.") }
    let name = Array(name.utf8)
    // Version needed, names in UTF-8, method, 1980-01-01.
    var common = Fields()
    common.add(45, 2)
    common.add(0x0800, 2)
    common.add(packed == nil ? 0 : 8, 2)
    common.add(0, 2)
    common.add(0x21, 2)
    common.add(Int(Deflate.checksum(bytes)), 4)
    common.add(stored.count, 4)
    common.add(bytes.count, 4)
    common.add(name.count, 2)
    var local = Fields()
    local.add(0x0403_4B50, 4)
    let isFar = offset >= Int(UInt32.max)
    var central = Fields()
    central.add(0x0201_4B50, 4)
    // Made by Unix, version 4.5.
    central.add(0x032D, 2)
    central.bytes += common.bytes
    central.add(isFar ? 12 : 0, 2)
    central.add(0, 2)
    central.add(0, 2)
    central.add(0, 2)
    central.add(0o100644 << 16, 4)
    central.add(isFar ? Int(UInt32.max) : offset, 4)
    directory += central.bytes + name
    if isFar {
      var extra = Fields()
      extra.add(1, 2)
      extra.add(8, 2)
      extra.add(offset, 8)
      directory += extra.bytes
    }
    common.add(0, 2)
    try await write(local.bytes + common.bytes + name)
    try await write(stored)
    count += 1
  }

  mutating func finish() async throws {
    let start = offset
    try await write(directory)
    let size = directory.count
    if count >= 0xFFFF || start >= Int(UInt32.max) {
      var end = Fields()
      let place = offset
      end.add(0x0606_4B50, 4)
      end.add(44, 8)
      end.add(0x032D, 2)
      end.add(45, 2)
      end.add(0, 4)
      end.add(0, 4)
      end.add(count, 8)
      end.add(count, 8)
      end.add(size, 8)
      end.add(start, 8)
      end.add(0x0706_4B50, 4)
      end.add(0, 4)
      end.add(place, 8)
      end.add(1, 4)
      try await write(end.bytes)
    }
    var end = Fields()
    end.add(0x0605_4B50, 4)
    end.add(0, 4)
    end.add(min(count, 0xFFFF), 2)
    end.add(min(count, 0xFFFF), 2)
    end.add(min(size, Int(UInt32.max)), 4)
    end.add(min(start, Int(UInt32.max)), 4)
    end.add(0, 2)
    try await write(end.bytes)
  }

  private mutating func write(_ bytes: [UInt8]) async throws {
    try await sink.write(bytes)
    offset += bytes.count
  }

  /// Numbers, least byte first.
  private struct Fields {
    var bytes: [UInt8] = []

    mutating func add(_ value: Int, _ size: Int) {
      for place in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }
  }
}
