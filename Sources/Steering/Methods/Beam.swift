import ParticleFilter

extension Method {
  /// N attempts, of which each checkpoint keeps the best few by reward so far + V and copies them: a search, without a
  /// sample of the posterior (``BeamSearch``).
  public static let beam = Method(
    "beam", "N attempts of which each checkpoint keeps the best few", guide: .configured, keepsBest: true
  ) { settings, count, initialValue in
    BeamSearch(
      count: count, keep: settings.keep ?? BeamSearch.standardKeep(of: count), schedule: settings.schedule,
      initialValue: initialValue)
  }
}
