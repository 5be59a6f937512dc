import Agents

/// How an observation of a server becomes a text.
struct ObservationText: Sendable {
  let rendering: OpenEnv.Rendering
  /// The field that is shown alone; nil for all of them.
  let field: String?

  /// - Throws: `misconfigured` where the field is not there.
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
    // What a server puts there besides is no part of what the agent sees.
    for name in ["reward", "done", "metadata"] { fields[name] = nil }
    if fields.count == 1, let text = fields.values.first?.text { return text }
    guard rendering == .text else { return JSONValue.object(fields).json }
    return fields.filter { $0.value != .null }.sorted { $0.key < $1.key }.map { key, value in
      let text = value.shown
      return text.contains("\n") ? "\(key):\n\(text)" : "\(key): \(text)"
    }.joined(separator: "\n")
  }

}
