import ParticleFilter
import Testing

@Suite("Beam search: the best few go on, by reward so far and value")
struct BeamSearchTests {
  static func ancestors(_ scores: [Double?], failed: Set<Int> = [], keep: Int) -> [Int]? {
    BeamSearch.ancestors(scores: scores, failed: scores.indices.map(failed.contains), keep: keep)
  }

  @Test(
    "Survivors stay in their places, copies take those of the others, and the best have the surplus",
    arguments: [
      // Two of four are kept, with two copies each.
      ([0.1, 0.9, 0.2, 0.8], [], 2, [1, 1, 3, 3]),
      // Eight places for three: 3, 3 and 2 copies.
      ([0.1, 0.2, 0.9, 0.3, 0.8, 0.4, 0.7, 0.5], [], 3, [2, 2, 2, 4, 4, 4, 6, 6]),
      // One is kept and fills all places.
      ([0.1, 0.2, 0.3], [], 1, [2, 2, 2]),
      // Ties are ranked by place.
      ([0.5, 0.9, 0.5, 0.5], [], 2, [0, 1, 0, 1]),
      // A missing value ranks below every known one.
      ([nil, -3, nil, -2], [], 2, [1, 1, 3, 3]),
      // With too few known values, missing ones are kept in the order of places.
      ([nil, 0.5, nil, nil], [], 2, [0, 1, 0, 1]),
      // Failed particles are not kept, even if fewer than k remain.
      ([9, 9, 0.5, 9], [0, 1, 3], 2, [2, 2, 2, 2]),
      ([9, 0.1, 0.5, nil], [0], 3, [2, 1, 2, 3]),
      // If all living particles are equal, they all stay, and only failed ones are replaced.
      ([0.5, 0.5, 0.5, 0.5], [2], 1, [0, 1, 0, 3]),
    ] as [([Double?], Set<Int>, Int, [Int])])
  func selection(scores: [Double?], failed: Set<Int>, keep: Int, expected: [Int]) {
    #expect(Self.ancestors(scores, failed: failed, keep: keep) == expected)
  }

  @Test("Nothing is selected where nothing tells particles apart, all are kept, or none lives")
  func nothingToSelect() {
    #expect(Self.ancestors([0.5, 0.5, 0.5], keep: 1) == nil)
    #expect(Self.ancestors([nil, nil, nil], keep: 1) == nil)
    #expect(Self.ancestors([0.1, 0.2, 0.3], keep: 3) == nil)
    #expect(Self.ancestors([0.1, 0.2, 0.3], keep: 9) == nil)
    #expect(Self.ancestors([0.1, 0.2], failed: [0, 1], keep: 1) == nil)
    #expect(Self.ancestors([.nan, 0.2, 0.1], keep: 2) == [1, 1, 2])
  }

  @Test(
    "Rewards add up over checkpoints and go with the copies; weights of the living stay equal, the soft value is the start's"
  )
  func accumulates() throws {
    var generator = SystemRandomNumberGenerator()
    var beam = BeamSearch(count: 4, keep: 2, schedule: .steps([1, 2]), initialValue: 0.4)
    let first = beam.weigh(
      step: 1, paid: Payment(rewards: [1, 0, 0, 0.5]), guidance: Guidance(softValues: [0, 0.6, nil, 0.2]),
      using: &generator)
    #expect(first.ancestors == [0, 0, 3, 3])
    // A missing value is recorded as the previously expected value less the payment.
    #expect(first.softValues == [0, 0.6, 0.4, 0.2])
    #expect(first.logWeights == LogWeights(equal: 4) && first.logEvidence == 0)
    // Sums so far: 1, 1, 0.5 and 0.5.
    let second = beam.weigh(
      step: 2, paid: Payment(rewards: [0, 0.3, -.infinity, 0.7]), guidance: Guidance(softValues: [0.1, 0.2, 9, 0]),
      using: &generator)
    // Scores now: 1.1, 1.5, failed and 1.2.
    #expect(second.ancestors == [1, 1, 3, 3])
    beam.finish(paid: Payment(rewards: [1, 2, -.infinity, 4]))
    #expect(beam.weights == [1.0 / 3, 1.0 / 3, 0, 1.0 / 3] && beam.softValue == 0.4)
    #expect(beam.genealogy.checkpoints == [first, second])
    #expect(beam.genealogy.lineage(of: 2) == [3, 3, 2])
  }

  @Test("A schedule by effective sample size selects at each of its checkpoints; none never does")
  func schedules() {
    var generator = SystemRandomNumberGenerator()
    for (schedule, selects) in [(Schedule.effectiveSampleSize(below: 0.01, every: 3), true), (.never, false)] {
      var beam = BeamSearch(count: 2, keep: 1, schedule: schedule, initialValue: 0)
      let checkpoint = beam.weigh(
        step: 3, paid: Payment(rewards: [0, 0]), guidance: Guidance(softValues: [0.1, 0.2]), using: &generator)
      #expect((checkpoint.ancestors == [1, 1]) == selects)
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (4, 1), (7, 1), (8, 2), (32, 8)])
  func aQuarterIsKept(count: Int, keep: Int) {
    #expect(BeamSearch.standardKeep(of: count) == keep)
  }
}
