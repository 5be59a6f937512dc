import Foundation
import Tensors
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
  /// Opens MLX for tests that compute with it. They are skipped where set-up could not install MLX, and fail where it cannot
  /// be opened.
  public static var modelsInProcess: Self {
    .enabled("MLX is not installed") {
      let folder = Places.root.appendingPathComponent(".venv/open-weights").path
      func file(_ name: String) -> String? {
        FileManager.default.fileExists(atPath: "\(folder)/\(name)") ? "\(folder)/\(name)" : nil
      }
      guard let mlx = file("mlx/lib/libmlx.so") ?? file("mlx/lib/libmlx.dylib") else { return false }
      try await Engine.open(
        EngineFiles(
          mlx: mlx, shim: "\(folder)/libcoxswain_mlx.so", products: file("libcoxswain_blas.so"),
          blas: file("openblas/lib/libscipy_openblas.so")))
      return true
    }
  }
}
