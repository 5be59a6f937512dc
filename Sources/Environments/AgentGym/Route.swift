import NIOHTTP1

/// A method and a path on a server, written `POST /create`. The method may be left out if it is POST.
public struct Route: Sendable, Hashable, Codable, CustomStringConvertible, ExpressibleByStringLiteral {
  let method: HTTPMethod
  let path: String

  /// - Returns: nil if the text is not a method and a path.
  public init?(_ text: String) {
    let parts = text.split(separator: " ").map(String.init)
    guard (1...2).contains(parts.count), let path = parts.last, path.hasPrefix("/") else { return nil }
    let method = parts.count == 2 ? parts[0] : "POST"
    guard ["GET", "POST", "PUT", "DELETE", "PATCH"].contains(method) else { return nil }
    self.method = HTTPMethod(rawValue: method)
    self.path = path
  }

  /// A route written in code. An invalid text is a programming error.
  public init(stringLiteral text: String) {
    guard let route = Route(text) else { preconditionFailure("\(text) is no route") }
    self = route
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let route = Route(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a route, such as POST /create")
    }
    self = route
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public var description: String { "\(method.rawValue) \(path)" }

  public static func == (a: Route, b: Route) -> Bool { a.description == b.description }
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
