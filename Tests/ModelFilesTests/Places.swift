import Foundation
import TestSupport

typealias Places = TestSupport.Places

extension Places {
  /// A Python with the package `tokenizers`.
  static let python = python("import tokenizers", packages: "package tokenizers")

  /// Runs `body` with a new folder, which is deleted afterwards.
  static func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

/// Reproducible random numbers (SplitMix64).
struct Draws: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
