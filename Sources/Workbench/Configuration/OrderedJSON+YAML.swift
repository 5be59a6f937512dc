import Agents
import Yams

extension OrderedJSON {
  /// The value of a node under YAML's core schema, with the members of mappings in order; quoted scalars are texts. nil
  /// if a key is not a text, or if there are too many values.
  ///
  /// - Parameter left: the number of further values that are allowed. YAML aliases can expand a short text to any size.
  init?(_ node: Node, left: inout Int) {
    left -= 1
    guard left > 0 else { return nil }
    switch node {
    case .scalar(let scalar):
      if scalar.style != .plain {
        self = .text(scalar.string)
      } else if node.null != nil {
        self = .null
      } else if let flag = node.bool {
        self = .flag(flag)
      } else if let number = JSONNumber(scalar.string) {
        self = .number(number)
      } else if let number = node.int {
        self = .integer(number)
      } else if let number = node.float, number.isFinite {
        self = .number(number)
      } else {
        self = .text(scalar.string)
      }
    case .sequence(let items):
      var list: [OrderedJSON] = []
      for item in items {
        guard let value = OrderedJSON(item, left: &left) else { return nil }
        list.append(value)
      }
      self = .list(list)
    case .mapping(let pairs):
      var members: [Member] = []
      for (key, item) in pairs {
        guard let key = key.string, let value = OrderedJSON(item, left: &left) else { return nil }
        members.append(Member(key, value))
      }
      self = .object(members)
    default: return nil
    }
  }
}
