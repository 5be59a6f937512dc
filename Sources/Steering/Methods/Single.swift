extension Method {
  /// One attempt.
  public static let single = Method("single", "one attempt", guide: .none, particles: 1, turn: .last)
}
