extension Method {
  /// ``amc`` guided by an untrained language model: the zero-shot baseline.
  public static let judge = Method(
    "judge", "amc, guided by an untrained language model", guide: .own("judge"), samplesPosterior: true)
}
