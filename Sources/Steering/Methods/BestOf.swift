extension Method {
  /// N independent attempts, of which the best is kept.
  public static let bestOf = Method(
    "best-of", "N independent attempts, the best kept", guide: .none, isBaseline: true, turn: .afterSteered)
}
