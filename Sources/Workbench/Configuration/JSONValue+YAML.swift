import Agents
import Yams

extension JSONValue {
  /// The value of a node under YAML's core schema; quoted scalars are texts. nil if a key is not a text, or if there
  /// are too many values.
  ///
  /// - Parameter left: the number of further values that are allowed.
  init?(_ node: Node, left: inout Int) {
    guard let value = OrderedJSON(node, left: &left) else { return nil }
    self.init(value)
  }
}
