#if OpenWeights
  import CMLX

  /// Figures and settings of what computes.
  @TensorActor
  package enum Engine {
    /// The library that multiplies matrices.
    package static var blas: String { String(cString: cx_blas()) }

    /// How many threads products and loops use. More than there are free cores makes them slower by far.
    package static func setThreads(_ threads: Int) { cx_set_threads(Int32(clamping: max(1, threads))) }

    /// Whether products of one row are products with a vector, which they are unless this is turned off to compare.
    package static func setVectorProducts(_ on: Bool) { cx_set_vector_products(on) }

    /// Bytes of tensors, now and at most since the last reset.
    package static var memory: Int { cx_active_memory() }
    package static var peakMemory: Int { cx_peak_memory() }
    package static func resetPeakMemory() { cx_reset_peak_memory() }
  }
#endif
