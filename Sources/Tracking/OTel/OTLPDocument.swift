/// The body of a request to `/v1/traces`, in OTLP's JSON encoding: ids in hexadecimal, 64-bit integers as strings.
struct OTLPDocument {
  private(set) var bytes: [UInt8] = []
  private var isFirst = true

  /// - Parameters:
  ///   - service: `service.name`.
  ///   - version: `service.version`, and that of the scope.
  init(service: String, version: String) {
    raw(#"{"resourceSpans":[{"resource":{"attributes":["#)
    attribute("service.name", .text(service))
    raw(",")
    attribute("service.version", .text(version))
    raw(#"]},"scopeSpans":[{"scope":{"name":"coxswain","version":"#)
    text(version)
    raw(#"},"schemaUrl":"https://opentelemetry.io/schemas/1.41.0","spans":["#)
  }

  mutating func add(_ span: OTLPSpan) {
    if !isFirst { raw(",") }
    isFirst = false
    raw(#"{"traceId":""#)
    plain(span.trace)
    raw(#"","spanId":""#)
    plain(span.id)
    if let parent = span.parent {
      raw(#"","parentSpanId":""#)
      plain(parent)
    }
    raw(#"","name":"#)
    text(span.name)
    raw(#","kind":"#)
    plain(String(span.kind.rawValue))
    raw(#","startTimeUnixNano":""#)
    plain(String(span.start))
    raw(#"","endTimeUnixNano":""#)
    plain(String(span.end))
    raw(#"","attributes":["#)
    for (place, own) in span.attributes.enumerated() {
      if place > 0 { raw(",") }
      attribute(own.key, own.value)
    }
    raw("]")
    if let error = span.error {
      raw(#","status":{"code":2,"message":"#)
      text(error)
      raw("}")
    }
    raw("}")
  }

  /// Ends the document.
  consuming func finished() -> [UInt8] {
    raw("]}]}]}")
    return bytes
  }

  private mutating func attribute(_ key: String, _ value: OTLPSpan.Value) {
    raw(#"{"key":"#)
    text(key)
    switch value {
    case .text(let value):
      raw(#","value":{"stringValue":"#)
      text(value)
    case .integer(let value):
      raw(#","value":{"intValue":""#)
      plain(String(value))
      raw("\"")
    case .number(let value):
      raw(#","value":{"doubleValue":"#)
      plain(String(value))
    case .flag(let value): raw(value ? #","value":{"boolValue":true"# : #","value":{"boolValue":false"#)
    }
    raw("}}")
  }

  private mutating func raw(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Adds a text that needs no escapes.
  private mutating func plain(_ text: String) {
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  private mutating func text(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { own in
      // Most texts have nothing to escape.
      if own.contains(where: Self.isEscaped) { escape(own) } else { bytes.append(contentsOf: own) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
    let digits = Array("0123456789abcdef".utf8)
    for byte in text {
      if byte < 0x20 {
        raw("\\u00")
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      } else {
        if Self.isEscaped(byte) { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
    }
  }
}
