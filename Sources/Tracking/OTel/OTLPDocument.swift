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
    raw(span.trace)
    raw(#"","spanId":""#)
    raw(span.id)
    if let parent = span.parent {
      raw(#"","parentSpanId":""#)
      raw(parent)
    }
    raw(#"","name":"#)
    text(span.name)
    raw(#","kind":"#)
    raw("\(span.kind.rawValue)")
    raw(#","startTimeUnixNano":""#)
    raw("\(span.start)")
    raw(#"","endTimeUnixNano":""#)
    raw("\(span.end)")
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
      raw("}}")
    case .integer(let value): raw(#","value":{"intValue":"\#(value)"}}"#)
    case .number(let value): raw(#","value":{"doubleValue":\#(value)}}"#)
    case .flag(let value): raw(#","value":{"boolValue":\#(value)}}"#)
    }
  }

  private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func text(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        raw("\\u00")
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
