import Agents

/// A question uses something that another dialect does not have.
package struct UntranslatableError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The dialect of the question.
  package let source: ModelDialect
  /// The dialect that lacks it; nil if no other dialect has it.
  package let target: ModelDialect?
  /// What is lacking, such as "audio input".
  package let feature: String

  package init(_ source: ModelDialect, with feature: String, target: ModelDialect? = nil) {
    self.source = source
    self.feature = feature
    self.target = target
  }

  package var description: String {
    let target = target.map { "\($0.rawValue) does not have" } ?? "other dialects do not have"
    return "The agent asks in the dialect \(source.rawValue) with \(feature), which \(target)."
  }
}

/// The members of an object while they are read. What is left at the end was not understood.
struct Fields {
  private var members: [OrderedJSON.Member]
  let dialect: ModelDialect

  init(_ value: OrderedJSON, _ dialect: ModelDialect) {
    members = value.members ?? []
    self.dialect = dialect
  }

  /// The value of a member, which counts as read; nil if it is missing or null.
  mutating func take(_ key: String) -> OrderedJSON? {
    guard let place = members.firstIndex(where: { $0.key == key }) else { return nil }
    let value = members.remove(at: place).value
    return value.isNull ? nil : value
  }

  /// Counts members as read without looking at them.
  mutating func dropAll(_ keys: String...) { members.removeAll { keys.contains($0.key) } }

  /// Counts a member as read if it has a value that changes nothing.
  mutating func drop(_ key: String, ifEqual value: OrderedJSON) {
    members.removeAll { $0.key == key && JSONValue($0.value) == JSONValue(value) }
  }

  func untranslatable(_ feature: String) -> UntranslatableError { UntranslatableError(dialect, with: feature) }

  /// - Throws: an error that names the first member that was not read.
  func finish(in place: String = "") throws(UntranslatableError) {
    guard let member = members.first(where: { !$0.value.isNull }) else { return }
    var feature = "`\(member.key)`"
    switch member.value {
    case .number, .flag: feature += " = \(member.value.json)"
    default: break
    }
    throw untranslatable(feature + (place.isEmpty ? "" : " in \(place)"))
  }
}
