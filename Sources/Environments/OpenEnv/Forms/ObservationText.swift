import Agents

/// Converts a server's observation to text.
struct ObservationText: Sendable {
  let rendering: OpenEnv.Rendering
  /// The only field shown; nil for all fields.
  let field: String?

  /// - Throws: `misconfigured` if the field is missing.
  func text(of observation: JSONValue) throws(WorldError) -> String {
    if let field {
      guard let value = observation[field] else {
        let keys = observation.fields?.keys.sorted().joined(separator: ", ") ?? observation.noun
        throw WorldError(
          .misconfigured,
          "environment.observationField is \"\(field)\"; the server's observation has \(keys.clipped(to: 300)).")
      }
      return value.shown
    }
    guard var fields = observation.fields else { return observation.shown }
    // These fields are not part of what the agent sees.
    for name in ["reward", "done", "metadata"] { fields[name] = nil }
    if fields.count == 1, let text = fields.values.first?.text { return text }
    guard rendering == .text else { return JSONValue.object(fields).json }
    return fields.filter { $0.value != .null }.sorted { $0.key < $1.key }.map { key, value in
      let text = value.shown
      return text.contains("\n") ? "\(key):\n\(text)" : "\(key): \(text)"
    }.joined(separator: "\n")
  }

}
