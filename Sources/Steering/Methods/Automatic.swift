extension Method {
  /// Stands for the method that a plan chooses. It is replaced before tasks are run.
  public static let auto = Method(
    "auto", "the method that the plan chooses, else best-of with stopping", guide: .configured, driver: .planned)
}
