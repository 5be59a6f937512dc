import Agents
import Foundation

extension Dialect {
  /// The built-in dialect with this name.
  ///
  /// - Throws: `misconfigured` if there is none. The message lists the names.
  public static func named(_ name: String) throws(WorldError) -> Dialect {
    guard let dialect = builtIn.first(where: { $0.name == name }) else {
      throw WorldError(
        .misconfigured,
        """
        environment.dialect is "\(name.clipped(to: 60))"; there are \(builtIn.map(\.name).joined(separator: ", ")). For \
        another server take the nearest of these dialects and change it with environment.dialectOverrides \
        (Documentation/agentgym.md).
        """)
    }
    return dialect
  }

  /// A dialect with some of its fields changed.
  ///
  /// - Parameter overrides: values by field name; `null` removes an optional field.
  /// - Throws: `misconfigured` if a name is unknown, with the valid names, or if a value does not fit.
  public init(basedOn base: Dialect, overrides: [String: JSONValue]) throws(WorldError) {
    let names = CodingKeys.allCases.map(\.rawValue)
    if let unknown = overrides.keys.sorted().first(where: { !names.contains($0) }) {
      throw Self.problem(unknown, "is unknown; there are \(names.joined(separator: ", ")).")
    }
    do {
      var fields = try JSONDecoder().decode([String: JSONValue].self, from: JSONEncoder().encode(base))
      fields.merge(overrides) { $1 }
      fields = fields.filter { $1 != .null }
      self = try JSONDecoder().decode(Dialect.self, from: JSONEncoder().encode(fields))
    } catch let error as DecodingError {
      throw Self.problem(error)
    } catch {
      throw WorldError(.misconfigured, "environment.dialectOverrides cannot be read: \(error)")
    }
    changes = base.changes + overrides.sorted { $0.key < $1.key }.compactMap(Self.change)
    try check()
  }

  /// A change as stated in the identity; nil for changes that only affect how the server is reached.
  private static func change(_ key: String, _ value: JSONValue) -> String? {
    switch CodingKeys(rawValue: key) {
    case .reset, .look, .taskKey, .actionPrefix, .resetFields, .createFields, .taskText, .openingObservation,
      .observation, .reward,
      .done, .choices, .offersChoices, .payment, .rewardScale, .invalidPrefixes:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return "\(key): \((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "")"
    default: return nil
    }
  }

  private func check() throws(WorldError) {
    if name.isEmpty { throw Self.problem("name", "is empty.") }
    if !(rewardScale.isFinite && rewardScale > 0) {
      throw Self.problem("rewardScale", "is \(rewardScale); it must be above 0.")
    }
    if stepLimit < 1 { throw Self.problem("stepLimit", "is \(stepLimit); an attempt has at least one step.") }
    if episodesPerEnvironment < 0 {
      throw Self.problem(
        "episodesPerEnvironment", "is \(episodesPerEnvironment); it must be 1 or more, or 0 for no limit.")
    }
    if let most = environmentsPerServer, most < 1 {
      throw Self.problem("environmentsPerServer", "is \(most); it must be at least 1.")
    }
    if let count = taskCount, count < 1 { throw Self.problem("taskCount", "is \(count); it must be at least 1.") }
  }

  private static func problem(_ error: DecodingError) -> WorldError {
    switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      problem(context.codingPath.first?.stringValue, "has the wrong type; it must be \(noun(type)).")
    case .keyNotFound(let key, _): problem(key.stringValue, "cannot be removed.")
    case .dataCorrupted(let context):
      switch context.codingPath.first?.stringValue {
      case CodingKeys.payment.rawValue:
        problem("payment", "must be one of \(Payment.allCases.map(\.rawValue).joined(separator: ", ")).")
      // Foundation does not say which number is not an integer.
      case nil:
        problem(
          nil, "has a fraction where a whole number is needed: stepLimit, taskCount and similar keys take no fractions."
        )
      case let key: problem(key, "cannot be read: \(context.debugDescription).")
      }
    @unknown default: problem(nil, "cannot be read.")
    }
  }

  private static func problem(_ key: String?, _ what: String) -> WorldError {
    WorldError(.misconfigured, "environment.dialectOverrides\(key.map { ".\($0)" } ?? "") \(what)")
  }

  private static func noun(_ type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is Int.Type: "a whole number"
    case is Double.Type: "a number"
    case is [String].Type, is [Any].Type: "a list of texts"
    case is [String: JSONValue].Type, is [String: Any].Type: "a mapping of keys to values"
    default: "a \(type)"
    }
  }
}
