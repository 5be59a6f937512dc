import Agents

extension JinjaValue {
  /// JSON that somebody else wrote: all of its texts are content, never markup.
  init(said json: OrderedJSON) {
    self =
      switch json {
      case .null: .none
      case .flag(let value): .bool(value)
      case .number(let number):
        // As Python reads it: digits alone are a whole number.
        if let whole = Int(number.text) { .integer(whole) } else { .number(number.double) }
      case .text(let text): .text(JinjaText(text, isSaid: true))
      case .list(let values): .list(values.map { JinjaValue(said: $0) })
      case .object(let members):
        .dictionary(members.map { (.text(JinjaText($0.key, isSaid: true)), JinjaValue(said: $0.value)) })
      }
  }
}

extension OrderedJSON {
  /// The value on one line with a space after every comma and colon, as Python writes it and models are trained on it.
  package var spaced: String {
    switch self {
    case .list(let values): "[" + values.map(\.spaced).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { OrderedJSON.text($0.key).json + ": " + $0.value.spaced }.joined(separator: ", ") + "}"
    default: json
    }
  }
}
