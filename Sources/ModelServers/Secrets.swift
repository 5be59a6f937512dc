/// Texts such as API keys that must not appear in any other text.
package struct Secrets: Sendable {
  private let values: [[UInt8]]

  package init(_ texts: [String]) {
    // Short values are placeholders for servers without keys, and may be ordinary words.
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

  /// Every text is searched and almost none contains a secret, so the search skips to the secret's first byte.
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
