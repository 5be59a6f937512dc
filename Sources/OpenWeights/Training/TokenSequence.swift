import Tensors

/// A text as tokens, with the positions of those that the policy drew.
package struct TokenSequence: Sendable, Hashable, Codable {
  package var tokens: [Int32]
  /// The positions of the drawn tokens, ascending. Position 0 is never drawn.
  package var drawn: [Int]
  /// For each drawn token the allowed tokens; empty for all. The list itself is empty if no token was confined.
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

  /// Merges this sequence with a later exchange that begins with all of it; nil if it does not. The common part of a
  /// dialogue is then processed once.
  package func continued(by next: TokenSequence) -> TokenSequence? {
    guard let first = next.drawn.first, first >= tokens.count, next.tokens.starts(with: tokens) else { return nil }
    let confined = !allowed.isEmpty || !next.allowed.isEmpty
    return TokenSequence(
      tokens: next.tokens, drawn: drawn + next.drawn, allowed: confined ? lists + next.lists : [])
  }

  /// ``allowed`` with one list for every token drawn.
  var lists: [[Int32]] { allowed.isEmpty ? Array(repeating: [], count: drawn.count) : allowed }
}
