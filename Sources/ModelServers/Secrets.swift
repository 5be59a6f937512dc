/// Texts that may appear in no other text, such as API keys.
package struct Secrets: Sendable {
  private let values: [[UInt8]]

  package init(_ texts: [String]) {
    // Placeholders for servers that want no key are words like any other.
    values = texts.map { Array($0.utf8) }.filter { $0.count >= 8 }
  }

  /// The text with every secret in it replaced.
  package func removed(from text: String) -> String {
    var text = text
    for secret in values where text.withUTF8({ Self.hold($0, secret) }) {
      text = text.replacing(String(decoding: secret, as: UTF8.self), with: "[key]")
    }
    return text
  }

  /// Searched for by its first byte, since nearly no text holds it and every text is searched.
  private static func hold(_ bytes: UnsafeBufferPointer<UInt8>, _ secret: [UInt8]) -> Bool {
    guard let first = secret.first else { return false }
    var rest = UnsafeRawBufferPointer(bytes)[...]
    while let start = rest.firstIndex(of: first), rest.endIndex - start >= secret.count {
      if rest[start..<start + secret.count].elementsEqual(secret) { return true }
      rest = rest[(start + 1)...]
    }
    return false
  }
}
