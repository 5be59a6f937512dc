import ParticleFilter

extension LogWeights {
  /// Whether no particle has weight.
  var areEmpty: Bool { !values.contains { $0 > -.infinity } }

  /// The normalised weights; all 0 if no particle has weight.
  var probabilities: [Double] { areEmpty ? values.map { _ in 0 } : normalised }
}
