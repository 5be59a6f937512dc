extension Problem {
  /// What is done with a number and the one before it.
  public enum Operation: String, CaseIterable, Sendable, Codable {
    case add, subtract, multiply

    /// As a line of working writes it.
    var sign: String {
      switch self {
      case .add: "+"
      case .subtract: "-"
      case .multiply: "*"
      }
    }

    /// As a request asks for it.
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
