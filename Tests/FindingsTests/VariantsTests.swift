import Agents
import Findings
import Foundation
import ParticleFilter
import Steering
import TestSupport
import Testing

@Suite("Which variants a comparison has")
struct VariantsTests {
  static let base = SteeringSettings(answer: .sample, seed: 7)

  static func names(_ variants: Variants, _ base: SteeringSettings = base) -> [String] {
    variants.settings(from: base).map {
      "\($0.method.rawValue) \($0.particles) \($0.schedule) \($0.temperature)" + ($0.keep.map { " k\($0)" } ?? "")
    }
  }

  @Test("Methods that ignore a setting stand once for all its values")
  func expansion() {
    let variants = Variants(
      methods: [.single, .bestOf, .amc, .beam], particles: [1, 8], temperatures: [0.03, 0.1],
      schedules: [.steps([1, 2]), .effectiveSampleSize(below: 0.5)])
    #expect(
      Self.names(variants) == [
        "single 1 none 0.03", "best-of 1 none 0.03", "best-of 8 none 0.03",
        "amc 1 steps:1,2 0.03", "amc 1 steps:1,2 0.1", "amc 1 ess:0.5 0.03", "amc 1 ess:0.5 0.1",
        "amc 8 steps:1,2 0.03", "amc 8 steps:1,2 0.1", "amc 8 ess:0.5 0.03", "amc 8 ess:0.5 0.1",
        "beam 1 steps:1,2 0.03 k1", "beam 1 steps:1,2 0.1 k1", "beam 1 ess:0.5 0.03 k1", "beam 1 ess:0.5 0.1 k1",
        "beam 8 steps:1,2 0.03 k2", "beam 8 steps:1,2 0.1 k2", "beam 8 ess:0.5 0.03 k2", "beam 8 ess:0.5 0.1 k2",
      ])
    #expect(variants.settings(from: Self.base).allSatisfy { $0.seed == 7 })
  }

  @Test("A beam keeps at most N, and without a schedule it has no β; amc's weights do")
  func edges() {
    var base = Self.base
    base.keep = 4
    let never = Variants(
      methods: [.beam, .amc], particles: [2, 8], temperatures: [0.03, 0.1], schedules: [.never])
    #expect(
      Self.names(never, base) == [
        "beam 2 none 0.03 k2", "beam 8 none 0.03 k4", "amc 2 none 0.03", "amc 2 none 0.1", "amc 8 none 0.03",
        "amc 8 none 0.1",
      ])
    base.keep = 0
    #expect(base.problem(stepLimit: 5)?.contains("steering.keep is 0") == true)
  }

  @Test("Run by falling N, the steered of an N first, single last")
  func order() {
    let settings = Variants(
      methods: [.single, .bestOf, .amc, .beam], particles: [1, 4, 2], temperatures: [0.1], schedules: [.steps([1])]
    ).settings(from: Self.base)
    #expect(
      Variants.order(of: settings).map { "\(settings[$0].method.rawValue) \(settings[$0].particles)" } == [
        "amc 4", "beam 4", "best-of 4", "amc 2", "beam 2", "best-of 2", "amc 1", "beam 1", "best-of 1", "single 1",
      ])
  }

  @Test("The run ids of the methods before beam are what they were, so that stored answers are found; beam adds its k")
  func runIDs() {
    func id(_ settings: SteeringSettings) -> String {
      Campaign(
        world: ChainWorld(), policy: ChainWorld.coin, critic: ChainWorld.exactCritic, settings: settings
      ).run
    }
    func digest(_ parts: String...) -> String {
      var digest = Digest()
      digest.add("chain", "12", "coin", "5")
      if !parts.isEmpty { digest.add(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]) }
      return digest.text
    }
    func settings(_ method: Steering.Method, keep: Int? = nil, resampler: Resampler = .ssp) -> SteeringSettings {
      SteeringSettings(
        method: method, particles: 8, temperature: 0.1, schedule: .steps([4]), resampler: resampler, seed: 5, keep: keep
      )
    }
    #expect(id(settings(.single)) == digest() && id(settings(.bestOf, keep: 3)) == digest())
    #expect(id(settings(.amc)) == digest("amc", "8", "0.1", "steps:4", "ssp", "retry", "exact"))
    #expect(id(settings(.amc, keep: 3)) == id(settings(.amc)))
    #expect(id(settings(.beam)) == id(settings(.beam, keep: 2, resampler: .systematic)))
    #expect(Set([id(settings(.beam)), id(settings(.beam, keep: 3)), id(settings(.amc))]).count == 3)
  }
}
