extension Method {
  /// Search by expected improvement: every visited state is kept, and the next call goes where it promises the most.
  public static let frontier = Method(
    "frontier", "every visited state kept; the next call goes where it promises the most", guide: .configured,
    turn: .afterSampled, driver: .frontier)
}
