import Foundation
import TestTraits
import Testing

@testable import Tensors

/// Figures of logits and draws from them, compared with plain arithmetic.
@Suite(.modelsInProcess) struct TokenFiguresTests {
  init() async { await Engine.setThreads(1) }

  static func distribution(_ logits: [Float], _ temperature: Double, _ allowed: [Int32]) -> [Int32: Double] {
    let tokens = allowed.isEmpty ? logits.indices.map(Int32.init) : allowed
    let scaled = tokens.map { Double(logits[Int($0)]) / temperature }
    let top = scaled.max() ?? 0
    let sum = scaled.reduce(0) { $0 + exp($1 - top) }
    return Dictionary(uniqueKeysWithValues: zip(tokens, scaled.map { exp($0 - top) / sum }))
  }

  @TensorActor @Test(arguments: [1.0, 0.5, 2.0])
  func figures(temperature: Double) throws {
    var draws = Draws(21)
    let (rows, n) = (6, 301)
    let logits = Plain([rows, n], &draws, in: -8...8)
    let allowed: [[Int32]] = [[], [5, 7, 300], [9], [], [0, 1, 2, 3], []]
    let targets: [Int32] = [300, 7, 9, 0, 100, 12]
    let figures = try logits.tensor.tokenFigures(
      of: targets, temperature: Float(temperature), allowed: allowed, top: 4)
    for row in 0..<rows {
      let values = Array(logits.values[row * n..<(row + 1) * n])
      let shares = Self.distribution(values, temperature, allowed[row])
      let figure = figures[row]
      if row == 4 {
        #expect(figure.logProbability == -.infinity)
      } else {
        expectClose([figure.logProbability], [log(shares[targets[row]] ?? 0)], 3e-6)
      }
      expectClose([figure.entropy], [-shares.values.reduce(0) { $0 + $1 * log($1) }], 1e-5)
      let best = shares.sorted { ($0.value, -$0.key) > ($1.value, -$1.key) }.prefix(4)
      #expect(figure.best.map(\.token) == best.map(\.key))
      expectClose(figure.best.map(\.logProbability), best.map { log($0.value) }, 3e-6)
    }
  }

  @TensorActor @Test func drawsFollowTheDistribution() throws {
    let logits: [Float] = [0, 1, 2, -1, 0.5]
    let count = 4_000
    let tensor = try Tensor([[Float]](repeating: logits, count: count).flatMap { $0 }, shape: [count, 5])
    // The uniforms are evenly spaced, so the shares are exact to one part in `count`.
    func shares(_ temperature: Float, _ topP: Float, _ allowed: [Int32]) throws -> [Int32: Double] {
      let draws = (0..<count).map {
        TokenDraw(
          temperature: temperature, topP: topP, uniform: (Double($0) + 0.5) / Double(count), allowed: allowed)
      }
      var counts: [Int32: Double] = [:]
      let whole = Self.distribution(logits, temperature > 0 ? Double(temperature) : 1, allowed)
      for (token, logProbability) in try tensor.sampled(draws) {
        counts[token, default: 0] += 1 / Double(count)
        expectClose([logProbability], [log(whole[token] ?? 0)], 2e-6)
      }
      return counts
    }
    for (temperature, allowed) in [(Float(1), []), (0.3, []), (2, [1, 3, 4])] as [(Float, [Int32])] {
      let expected = Self.distribution(logits, Double(temperature), allowed)
      let found = try shares(temperature, 1, allowed)
      for (token, share) in expected { #expect(abs((found[token] ?? 0) - share) < 1.5 / Double(count)) }
    }
    #expect(try shares(0, 1, []) == [2: 1] || shares(0, 1, [])[2].map { abs($0 - 1) < 1e-9 } == true)
    #expect(Set(try shares(0, 0.2, [0, 3]).keys) == [0])
    // Token 2 has probability 0.557 and token 1 has 0.205. Token 2 alone reaches 0.5, and both together reach 0.7.
    #expect(Set(try shares(1, 0.5, []).keys) == [2])
    let two = try shares(1, 0.7, [])
    #expect(Set(two.keys) == [1, 2] && abs((two[2] ?? 0) - 1 / (1 + exp(-1))) < 2 / Double(count))
    #expect(Set(try shares(1, 0.999_999, []).keys) == [0, 1, 2, 3, 4])
  }

  @TensorActor @Test func theLikeliestPartOfALargeVocabularyIsExact() throws {
    var draws = Draws(22)
    let n = 5_000
    let logits = Plain([1, n], &draws, in: -1...1)
    let shares = Self.distribution(logits.values, 1, []).sorted { $0.value > $1.value }
    var (mass, nucleus): (Double, Set<Int32>) = (0, [])
    for (token, share) in shares where mass < 0.6 {
      mass += share
      nucleus.insert(token)
    }
    let tensor = try logits.tensor
    var seen: Set<Int32> = []
    for number in 0..<3_000 {
      let draw = TokenDraw(temperature: 1, topP: 0.6, uniform: (Double(number) + 0.5) / 3_000)
      seen.insert(try tensor.sampled([draw])[0].token)
    }
    // Round-off may move one token across the border.
    #expect(seen.subtracting(nucleus).count <= 1 && nucleus.count > 1_000)
  }

  @TensorActor @Test func extremeLogits() throws {
    let logits = try Tensor<Float>([1e30, -1e30, 0, -.infinity, 3, 3], shape: [1, 6])
    let figure = try logits.tokenFigures(of: [0], top: 6)[0]
    #expect(figure.logProbability == 0 && figure.entropy == 0)
    for uniform in [0, 0.5, 0.999_999_999] {
      #expect(try logits.sampled([TokenDraw(temperature: 1, topP: 1, uniform: uniform)])[0].token == 0)
    }
    // Of equal tokens, the first of the list is taken.
    #expect(
      try logits.sampled([TokenDraw(temperature: 0, topP: 1, uniform: 0.9, allowed: [5, 4])])[0].token == 5)
  }

  @TensorActor @Test func whatDoesNotFitIsAnError() throws {
    let logits = try Tensor(repeating: 0, shape: [2, 4])
    expectTensorError("targets") { _ = try logits.tokenFigures(of: [0]) }
    expectTensorError("a target outside") { _ = try logits.tokenFigures(of: [0, 4]) }
    expectTensorError("a negative target") { _ = try logits.tokenFigures(of: [0, -1]) }
    expectTensorError("lists") { _ = try logits.tokenFigures(of: [0, 1], allowed: [[1]]) }
    expectTensorError("an allowed token outside") { _ = try logits.tokenFigures(of: [0, 1], allowed: [[1], [4]]) }
    expectTensorError("no temperature") { _ = try logits.tokenFigures(of: [0, 1], temperature: 0) }
    expectTensorError("a temperature that is none") { _ = try logits.tokenFigures(of: [0, 1], temperature: .nan) }
    expectTensorError("a negative number of best") { _ = try logits.tokenFigures(of: [0, 1], top: -1) }
    expectTensorError("a vector") { _ = try logits.reshaped([8]).tokenFigures(of: [0, 1]) }
    expectTensorError("no vocabulary") { _ = try Tensor<Float>([], shape: [2, 0]).tokenFigures(of: [0, 1]) }
    expectTensorError("draws") { _ = try logits.sampled([TokenDraw(temperature: 1, topP: 1, uniform: 0)]) }
    let outside = TokenDraw(temperature: 1, topP: 1, uniform: 0, allowed: [4])
    expectTensorError("a draw outside") { _ = try logits.sampled([outside, outside]) }
    expectTensorError("a draw from nothing") {
      _ = try Tensor<Float>([], shape: [1, 0]).sampled([TokenDraw(temperature: 0, topP: 1, uniform: 0)])
    }
    let broken = try Tensor([Float.nan, 0, 0, 0], shape: [1, 4])
    expectTensorError("figures of what is no number") { _ = try broken.tokenFigures(of: [1]) }
    expectTensorError("draws of what is no number") {
      _ = try broken.sampled([TokenDraw(temperature: 1, topP: 1, uniform: 0.5)])
    }
  }
}
