import ParticleFilter

extension Method {
  /// N attempts of which each checkpoint keeps the best few by the critic's value and copies them: it searches, and samples no
  /// posterior (``BeamSearch``).
  public static let beam = Method(
    "beam", "N attempts of which each checkpoint keeps the best few", guide: .configured, keepsBest: true
  ) { settings, count, initialValue in
    BeamSearch(
      count: count, keep: settings.keep ?? BeamSearch.standardKeep(of: count), schedule: settings.schedule,
      initialValue: initialValue)
  }
}
