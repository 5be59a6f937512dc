extension Method {
  /// Agentic Monte Carlo: N attempts under twisted Sequential Monte Carlo (arXiv 2606.05296).
  public static let amc = Method(
    "amc", "N attempts under Sequential Monte Carlo, guided by a critic", guide: .configured, samplesPosterior: true)
}
