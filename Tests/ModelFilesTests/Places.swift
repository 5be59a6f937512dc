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
