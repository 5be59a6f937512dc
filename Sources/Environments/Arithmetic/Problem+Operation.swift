extension Problem {
  /// The operation between a running result and the next number.
  public enum Operation: String, CaseIterable, Sendable, Codable {
    /// Written `+`, `-` and `*` in the working.
    case add, subtract, multiply

    /// The sign in a line of working.
    var sign: String {
      switch self {
      case .add: "+"
      case .subtract: "-"
      case .multiply: "*"
      }
    }

    /// The wording in a request.
    func words(_ number: Int) -> String {
      switch self {
      case .add: "Add \(number)"
      case .subtract: "Subtract \(number)"
      case .multiply: "Multiply by \(number)"
      }
    }

    func callAsFunction(_ value: Int, _ number: Int) -> Int {
      switch self {
      case .add: value + number
      case .subtract: value - number
      case .multiply: value * number
      }
    }
  }
}
