import Foundation
import ModelServers
import Policies

/// The configured address and credentials of a model server. Environment variables are read only when the server is
/// used: training on a store needs no key.
package struct ServerSettings {
  /// The section of the configuration, for errors.
  package var section = "policy"
  package var url: String
  /// The environment variable that holds the key; nil for a server without a key.
  package var apiKeyVariable: String?
  package var apiKeyHeader: String?
  package var query: [String: ValueTemplate] = [:]
  package var headers: [String: ValueTemplate] = [:]

  /// The environment variables in use. Each may hold a secret.
  package var variables: [String] {
    (apiKeyVariable.map { [$0] } ?? [])
      + [query, headers].flatMap { fields in fields.keys.sorted().flatMap { fields[$0]?.variables ?? [] } }
  }

  /// The server's address and credentials, with the values of the variables.
  package func access() throws -> ServerAccess {
    var secrets: [String] = []
    func fields(_ templates: [String: ValueTemplate], _ key: String) throws -> [ServerAccess.Field] {
      try templates.sorted { $0.key < $1.key }.map { name, template in
        let value = try template.expanded { variable in
          let value = try Self.read(variable, named: "\(section).\(key)")
          secrets.append(value)
          return value
        }
        return (name, value)
      }
    }
    let key = try apiKeyVariable.map { try Self.read($0, named: "\(section).apiKeyVariable") }
    let (query, headers) = (try fields(query, "query"), try fields(headers, "headers"))
    return ServerAccess(
      url: url, key: key, keyHeader: apiKeyHeader, query: query, headers: headers, secrets: secrets)
  }

  /// The value of an environment variable that the configuration names.
  package static func read(_ variable: String, named key: String) throws -> String {
    guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else {
      throw ConfigurationError("The environment variable \(variable), which \(key) names, is not set.")
    }
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty, !ValueTemplate.holdsControls(trimmed) else {
      throw ConfigurationError("The environment variable \(variable) is blank or holds control characters.")
    }
    return trimmed
  }

  /// Refuses invalid names, and secrets written into the configuration.
  package func check() throws {
    if let apiKeyVariable, apiKeyVariable.wholeMatch(of: ValueTemplate.variableName) == nil {
      // The value is not quoted, since it may be the key itself.
      throw ConfigurationError(
        "\(section).apiKeyVariable is not the name of an environment variable. Give the variable's name, never the key."
      )
    }
    if let apiKeyHeader { try checkHeader(apiKeyHeader, "apiKeyHeader") }
    for (name, value) in headers {
      try checkHeader(name, "headers")
      try checkValue(value, "headers.\(name)", name: name)
    }
    for (name, value) in query {
      if name.isEmpty { throw ConfigurationError("\(section).query has an empty name.") }
      try checkValue(value, "query.\(name)", name: name)
    }
  }

  /// Headers that the connection itself sets.
  private static let reserved: Set<String> = [
    "content-length", "content-type", "transfer-encoding", "connection", "host", "accept-encoding",
  ]

  private func checkHeader(_ name: String, _ key: String) throws {
    guard name.wholeMatch(of: /[A-Za-z0-9!#$%&'*+.^_`|~-]+/) != nil else {
      throw ConfigurationError("\(section).\(key): \"\(name.prefix(40))\" is not the name of a header.")
    }
    if Self.reserved.contains(name.lowercased()) {
      throw ConfigurationError("\(section).\(key): the header \(name) is set by cox itself; leave it out.")
    }
  }

  private func checkValue(_ value: ValueTemplate, _ key: String, name: String) throws {
    if ValueTemplate.holdsControls(value.text) {
      throw ConfigurationError("\(section).\(key) holds control characters.")
    }
    let name = name.lowercased()
    let isSecret =
      name.contains("authorization") || name == "cookie"
      || ["key", "token", "secret", "password"].contains(where: name.contains) && value.text.count >= 16
    // The value is not quoted, since it may be a secret.
    if isSecret, value.variables.isEmpty {
      throw ConfigurationError(
        "\(section).\(key) looks like a secret. Put it into an environment variable, and write \"${NAME}\" here.")
    }
  }
}

/// A text with references to environment variables, written `${NAME}`.
package struct ValueTemplate: Equatable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static var variableName: Regex<Substring> { /[A-Za-z_][A-Za-z0-9_]*/ }
  private static var reference: Regex<(Substring, Substring)> { /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/ }

  package var variables: [String] { text.matches(of: Self.reference).map { String($0.1) } }

  /// - Parameter value: returns the value of a variable.
  package func expanded(_ value: (String) throws -> String) rethrows -> String {
    try text.replacing(Self.reference) { try value(String($0.1)) }
  }

  package static func holdsControls(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
  }
}

extension PolicySettings {
  package var server: ServerSettings {
    ServerSettings(
      section: section, url: url ?? "", apiKeyVariable: apiKeyVariable, apiKeyHeader: apiKeyHeader, query: query,
      headers: headers)
  }

  /// The sampling temperature of a model in process.
  package var samplingTemperature: Double { temperature ?? 1 }
}
