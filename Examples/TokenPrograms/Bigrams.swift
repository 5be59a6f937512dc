import Foundation
import TokenSteering

/// A model of pairs of words, learned from a few sentences, so that the programs run without a real model. Anything that is
/// a `Potential` takes its place.
struct Bigrams: Potential {
  let vocabulary: TokenVocabulary
  private let rows: [[Double]]

  /// - Parameter vocabulary: words, each with the space before it.
  init(_ sentences: String, vocabulary: TokenVocabulary) {
    self.vocabulary = vocabulary
    var counts = Array(repeating: Array(repeating: 0.02, count: vocabulary.count + 1), count: vocabulary.count + 1)
    for sentence in sentences.split(separator: "\n") {
      let tokens = vocabulary.spelled(" " + sentence) ?? []
      for (a, b) in zip([nil] + tokens.map(Optional.some), tokens.map(Optional.some) + [nil]) {
        counts[a.map { Int($0) } ?? vocabulary.count][b.map { Int($0) } ?? vocabulary.count] += 1
      }
    }
    rows = counts.map { row in row.map { log($0 / row.reduce(0, +)) } }
  }

  func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    prefixes.map { NextLogWeights(rows[$0.last.map { Int($0) } ?? vocabulary.count]) }
  }

  func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    prefixes.map { prefix in
      zip([nil] + prefix.map(Optional.some), prefix).reduce(0) {
        $0 + rows[$1.0.map { Int($0) } ?? vocabulary.count][Int($1.1)]
      }
    }
  }

  func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    zip(try await prefixLogWeights(of: texts), texts).map {
      $0 + rows[$1.last.map { Int($0) } ?? vocabulary.count][vocabulary.count]
    }
  }
}
