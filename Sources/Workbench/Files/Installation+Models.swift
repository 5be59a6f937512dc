import Foundation
import Tensors

/// Models in process: PyPI's MLX, and the libraries of this package around it.
extension Installation {
  #if os(Linux)
    private static let suffix = "so"
  #else
    private static let suffix = "dylib"
  #endif

  /// The files of MLX, or what is missing.
  package var engine: Result<EngineFiles, ConfigurationError> {
    guard let mlx = packageFile("mlx/lib/libmlx.\(Self.suffix)") else {
      return .failure(Self.missing("MLX is not installed"))
    }
    guard let shim = library("libcoxswain_mlx.so") else {
      return .failure(Self.missing("The library libcoxswain_mlx.so is missing"))
    }
    return .success(
      EngineFiles(
        mlx: mlx, shim: shim, products: library("libcoxswain_blas.so"),
        blas: packageFile("scipy_openblas32/lib/libscipy_openblas.so")))
  }

  /// Opens MLX. This is done where a model in process is wanted, and only there.
  package func openEngine() async throws(ConfigurationError) {
    let files = try engine.get()
    do { try await Engine.open(files) } catch { throw Self.missing("MLX cannot be used (\(error.message))") }
  }

  private static func missing(_ what: String) -> ConfigurationError {
    ConfigurationError("\(what), and models in process need it. To install it: \(remedy("open-weights")).")
  }

  /// A library that belongs to this program: beside it in an installation, in set-up's environment otherwise.
  private func library(_ name: String) -> String? {
    let beside = (Self.program.map(Self.foldersAbove) ?? []).map { "\($0)/lib/coxswain/\(name)" }
    return (beside + environments.map { "\($0)/open-weights/\(name)" })
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
