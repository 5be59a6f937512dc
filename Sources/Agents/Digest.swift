/// A 128-bit digest for naming things, not for security: two FNV-1a hashes from different offsets.
package struct Digest {
  private var low: UInt64 = 0xcbf2_9ce4_8422_2325
  private var high: UInt64 = 0x6c62_272e_07bb_0142

  package init() {}

  /// Adds parts, each followed by a terminator, so that different lists of parts never hash the same bytes.
  package mutating func add(_ parts: String...) {
    for part in parts {
      for byte in part.utf8 { mix(byte) }
      // 0xFF occurs in no UTF-8 text.
      mix(0xff)
    }
  }

  private mutating func mix(_ byte: UInt8) {
    low = (low ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    high = (high ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    high ^= low >> 29
  }

  /// 64 bits of the digest.
  package var number: UInt64 { high ^ (low &* 0x9e37_79b9_7f4a_7c15) }

  /// 32 hexadecimal digits.
  package var text: String {
    [high, low].map { value in
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

extension PolicyRequest {
  /// A digest of the request. A stored answer with another digest belongs to an earlier version of the world or its
  /// prompts and is not used.
  public var digest: String {
    var digest = Digest()
    // A question's transcript repeats the question.
    for entry in question == nil ? transcript.entries : [] {
      switch entry {
      case .instructions(let text): digest.add("instructions", text)
      case .prompt(let text): digest.add("prompt", text)
      case .continuation(let text): digest.add("continuation", text)
      case .response(let text): digest.add("response", text)
      }
    }
    if let question { digest.add("question", question.dialect.rawValue, questionDigest ?? question.body.json) }
    for choice in choices ?? [] { digest.add("choice", choice) }
    for tool in tools {
      digest.add("tool", tool.name, tool.description, tool.template)
      for parameter in tool.parameters {
        digest.add("parameter", parameter.name, parameter.description)
        for choice in parameter.choices ?? [] { digest.add("choice", choice) }
      }
    }
    return digest.text
  }
}
