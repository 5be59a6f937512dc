import Constraints
import Testing

/// Texts of an even number of bytes `a`.
private struct EvenRuns: ByteLanguage {
  let start = 0
  func state(after byte: UInt8, _ state: Int) -> Int? { byte == UInt8(ascii: "a") ? 1 - state : nil }
  func isComplete(_ state: Int) -> Bool { state == 0 }
  func canContinue(_ state: Int) -> Bool { true }
}

@Test func aTextBelongsToALanguageIfItsLastStateIsComplete() {
  #expect(EvenRuns().contains("aa".utf8))
  #expect(!EvenRuns().contains("aaa".utf8))
  #expect(!EvenRuns().contains("ab".utf8))
  #expect(EvenRuns().state(after: "aaa".utf8) == 1)
}
