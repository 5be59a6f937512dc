import CMLX

/// Figures and settings of the library that computes.
@TensorActor
package enum Engine {
  /// Opens the library. Operations on tensors fail before that. Opening it again has no effect.
  ///
  /// - Throws: an error that says which file cannot be opened and why.
  package static func open(_ files: EngineFiles) throws(TensorError) {
    guard cx_load(files.products, files.blas, files.mlx, files.shim) == 0 else {
      throw TensorError("open", String(cString: cx_last_error()))
    }
  }

  /// The name of the BLAS library.
  package static var blas: String { String(cString: cx_blas()) }

  /// The number of threads for products and loops. More threads than free cores are far slower.
  package static func setThreads(_ threads: Int) { cx_set_threads(Int32(clamping: max(1, threads))) }

  /// Whether products of one row are computed as products with a vector. On by default; off for comparison.
  package static func setVectorProducts(_ on: Bool) { cx_set_vector_products(on) }

  /// Bytes held by tensors now. `peakMemory` is the maximum since the last reset.
  package static var memory: Int { cx_active_memory() }
  package static var peakMemory: Int { cx_peak_memory() }
  package static func resetPeakMemory() { cx_reset_peak_memory() }
}
