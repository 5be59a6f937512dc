#if OpenWeights
  import Tensors

  /// A text in tokens, and which of them the policy drew.
  public struct TokenSequence: Sendable, Hashable, Codable {
    public var tokens: [Int32]
    /// The places of the tokens that were drawn, ascending, none of them 0.
    public var drawn: [Int]
    /// For each of them the tokens it was confined to; empty for all. The list itself is empty where none was confined.
    public var allowed: [[Int32]]

    public init(tokens: [Int32], drawn: [Int], allowed: [[Int32]] = []) {
      self.tokens = tokens
      self.drawn = drawn
      self.allowed = allowed
    }

    /// A prompt and an answer to it.
    public init(prompt: [Int32], answer: [Int32], allowed: [[Int32]] = []) {
      self.init(
        tokens: prompt + answer, drawn: Array(prompt.count..<prompt.count + answer.count), allowed: allowed)
    }

    /// This sequence continued by a later exchange, where that begins with all of this; else nil. What a dialogue has in common
    /// is then worked through once.
    public func continued(by next: TokenSequence) -> TokenSequence? {
      guard let first = next.drawn.first, first >= tokens.count, next.tokens.starts(with: tokens) else { return nil }
      let confined = !allowed.isEmpty || !next.allowed.isEmpty
      return TokenSequence(
        tokens: next.tokens, drawn: drawn + next.drawn, allowed: confined ? lists + next.lists : [])
    }

    /// ``allowed`` with one list for every token drawn.
    var lists: [[Int32]] { allowed.isEmpty ? Array(repeating: [], count: drawn.count) : allowed }
  }

  /// Sequences one after another, as a pass works on them, and the rows whose next token was drawn.
  struct PackedSequences: Sendable {
    let tokens: [Int32]
    let segments: [Int]
    /// Rows that predict a drawn token.
    let rows: [Int32]
    /// What was drawn there.
    let targets: [Int32]
    /// What it was confined to, empty where nothing was confined.
    let allowed: [[Int32]]

    /// - Throws: where a sequence has a token drawn from nothing, or out of order.
    init(_ sequences: [TokenSequence]) throws {
      var (tokens, segments, rows, targets): ([Int32], [Int], [Int32], [Int32]) = ([], [], [], [])
      for sequence in sequences {
        guard
          sequence.drawn.allSatisfy({ $0 > 0 && $0 < sequence.tokens.count }),
          sequence.allowed.isEmpty || sequence.allowed.count == sequence.drawn.count, !sequence.tokens.isEmpty
        else { throw ModelError("A sequence names drawn tokens that it does not have.") }
        rows += sequence.drawn.map { Int32(tokens.count + $0 - 1) }
        targets += sequence.drawn.map { sequence.tokens[$0] }
        tokens += sequence.tokens
        segments.append(sequence.tokens.count)
      }
      self.tokens = tokens
      self.segments = segments
      self.rows = rows
      self.targets = targets
      allowed = sequences.contains { !$0.allowed.isEmpty } ? sequences.flatMap(\.lists) : []
    }

    var count: Int { rows.count }
  }
#endif
