/// A command of the agent.
enum Command: Equatable {
  case get(Int, item: String)
  case craft(item: String, inputs: [Portion])
  case inventory

  struct Portion: Equatable {
    let item: Item
    let count: Int
  }

  /// Why a command failed, in the words told to the agent.
  struct Failure: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
  }

  /// Reads a command from the first line of a text.
  ///
  /// The output count is ignored, since the recipe determines it.
  init(_ text: String) throws(Failure) {
    let line = text.drop(while: \.isWhitespace).prefix { !$0.isNewline }.trimmed
    if line.hasPrefix("get "), let (count, item) = Self.counted(line.dropFirst("get ".count)), count > 0 {
      self = .get(count, item: item)
    } else if line.hasPrefix("craft "), let (made, used) = Self.halves(line.dropFirst("craft ".count)) {
      var inputs: [Portion] = []
      for part in used.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) {
        guard let (count, item) = Self.counted(part) else { throw Failure("Wrong item format: \(part)") }
        inputs.append(Portion(item: Item(named: item), count: count))
      }
      self = .craft(item: Self.counted(made)?.item ?? String(made), inputs: inputs)
    } else if line.hasPrefix("inventory") {
      self = .inventory
    } else {
      throw line.isEmpty ? Self.unreadable : Failure("Could not execute \(line)")
    }
  }

  /// What an agent is told if its answer has no command.
  static let unreadable = Failure(
    "Could not read a command. A command is one of: get N ITEM; craft N ITEM using M ITEM, K ITEM; inventory.")

  /// Reads a count and a name: digits, a space, and the rest. Counts too large for an `Int` are rejected.
  private static func counted(_ text: Substring) -> (count: Int, item: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    guard rest.first == " ", let count = Int(digits) else { return nil }
    return (count, String(rest.dropFirst().trimmed))
  }

  /// The parts before and after the last " using ".
  private static func halves(_ text: Substring) -> (made: Substring, used: Substring)? {
    guard let separator = text.ranges(of: " using ").last else { return nil }
    return (text[..<separator.lowerBound].trimmed, text[separator.upperBound...].trimmed)
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
