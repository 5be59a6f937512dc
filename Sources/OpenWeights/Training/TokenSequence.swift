#if OpenWeights
  import Tensors

  /// A text in tokens, and which of them the policy drew.
  package struct TokenSequence: Sendable, Hashable, Codable {
    package var tokens: [Int32]
    /// The places of the tokens that were drawn, ascending, none of them 0.
    package var drawn: [Int]
    /// For each of them the tokens it was confined to; empty for all. The list itself is empty where none was confined.
    package var allowed: [[Int32]]

    package init(tokens: [Int32], drawn: [Int], allowed: [[Int32]] = []) {
      self.tokens = tokens
      self.drawn = drawn
      self.allowed = allowed
    }

    /// A prompt and an answer to it.
    package init(prompt: [Int32], answer: [Int32], allowed: [[Int32]] = []) {
      self.init(
        tokens: prompt + answer, drawn: Array(prompt.count..<prompt.count + answer.count), allowed: allowed)
    }

    /// This sequence continued by a later exchange, where that begins with all of this; else nil. What a dialogue has in common
    /// is then worked through once.
    package func continued(by next: TokenSequence) -> TokenSequence? {
      guard let first = next.drawn.first, first >= tokens.count, next.tokens.starts(with: tokens) else { return nil }
      let confined = !allowed.isEmpty || !next.allowed.isEmpty
      return TokenSequence(
        tokens: next.tokens, drawn: drawn + next.drawn, allowed: confined ? lists + next.lists : [])
    }

    /// ``allowed`` with one list for every token drawn.
    var lists: [[Int32]] { allowed.isEmpty ? Array(repeating: [], count: drawn.count) : allowed }
  }
#endif
