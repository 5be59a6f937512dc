/// The URL of a model server, and the headers and query sent with every request.
public struct ServerAccess: Sendable {
  /// A name and its value.
  public typealias Field = (name: String, value: String)

  /// The base URL, such as `http://127.0.0.1:8080/v1`.
  public var url: String
  /// The API key, or nil. It is sent as a header and appears nowhere else.
  public var key: String?
  /// The header that carries the key as it is, such as Azure's `api-key`; nil for the API's own.
  public var keyHeader: String?
  /// Added to the URL of every request, such as Azure's `api-version`.
  public var query: [Field]
  /// Sent with every request; they replace headers of the same names.
  public var headers: [Field]
  /// Further values that no message may contain besides ``key``: query values and headers read from environment
  /// variables.
  public var secrets: [String]

  /// - Parameters:
  ///   - url: the base URL, such as `http://127.0.0.1:8080/v1`.
  ///   - secrets: values of the query and headers that no message may contain.
  public init(
    url: String, key: String? = nil, keyHeader: String? = nil, query: [Field] = [], headers: [Field] = [],
    secrets: [String] = []
  ) {
    self.url = url
    self.key = key
    self.keyHeader = keyHeader
    self.query = query
    self.headers = headers
    self.secrets = secrets
  }

  /// The key's header: ``keyHeader``, or the API's own, by default `Authorization: Bearer`.
  package func authorization(_ own: String?) -> Field? {
    guard let key else { return nil }
    guard let name = keyHeader ?? own else { return ("Authorization", "Bearer \(key)") }
    return (name, key)
  }
}
