import Foundation
import Tensors
import TestSupport
import Testing

typealias Places = TestSupport.Places

extension Places {
  /// A Python with MLX and the files of mlx-lm.
  static let python = python(
    "import mlx.core, numpy, sys, importlib.util as u; sys.exit(u.find_spec('mlx_lm') is None)",
    packages: "packages mlx and mlx-lm")

  /// Runs the reference with these arguments.
  static func reference(_ arguments: [String]) throws {
    let script = root.appendingPathComponent("Tests/OpenWeightsTests/reference_models.py").path
    let status = try run(#require(python), [script] + arguments)
    try #require(status == 0, "the reference ended with \(status)")
  }

  /// Runs `body` with a new folder, which is deleted afterwards.
  @TensorActor
  static func withFolder<Value: Sendable>(
    _ body: @TensorActor (URL) async throws -> Value
  ) async throws -> Value {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }
}
