import ParticleFilter
import Testing

@Suite("Ancestry")
struct AncestryTests {
  private func checkpoint(_ step: Int, _ ancestors: [Int]?, count: Int = 4) -> Checkpoint {
    Checkpoint(
      step: step, logWeights: LogWeights(equal: count), softValues: Array(repeating: 0, count: count),
      ancestors: ancestors, logEvidence: 0)
  }

  /// After 2 steps, 0 becomes a copy of 1 and 3 a copy of 2; after 6 steps, 1 becomes a copy of 0.
  private var ancestry: Ancestry {
    Ancestry(
      Genealogy(
        count: 4, checkpoints: [checkpoint(2, [1, 1, 2, 2]), checkpoint(4, nil), checkpoint(6, [0, 0, 2, 3])]))
  }

  @Test func aLineIsAParticleFromItsBirthToItsEnd() {
    let lines = ancestry.lines
    #expect(lines.map(\.place) == [0, 1, 2, 3, 0, 3, 1])
    #expect(lines.map(\.birth) == [nil, nil, nil, nil, 0, 0, 2])
    #expect(lines.map(\.parent) == [nil, nil, nil, nil, 1, 2, 4])
    #expect(lines.map(\.end) == [0, 2, nil, 0, nil, nil, nil])
    #expect(lines.map(\.isCulled) == [true, true, false, true, false, false, false])
    #expect(lines.indices.map(ancestry.birth) == [0, 0, 0, 0, 2, 2, 6])
    #expect(lines.indices.map(ancestry.end) == [2, 6, nil, 2, nil, nil, nil])
    #expect(lines.indices.map(ancestry.segments) == [0..<1, 0..<3, 0..<4, 0..<1, 1..<4, 1..<4, 3..<4])
    #expect(lines.indices.map(ancestry.checkpoints) == [0..<0, 0..<2, 0..<3, 0..<0, 1..<3, 1..<3, 3..<3])
  }

  @Test func everyPlaceIsHeldByALineInEverySegment() {
    #expect(ancestry.lineNumbers == [[0, 1, 2, 3], [4, 1, 2, 5], [4, 1, 2, 5], [4, 6, 2, 5]])
    #expect(ancestry.finalLines == [4, 6, 2, 5])
    #expect([1, 2, 3, 6, 7].map { ancestry.line(holding: 0, before: $0) } == [0, 0, 4, 4, 4])
    #expect([6, 7].map { ancestry.line(holding: 1, before: $0) } == [1, 6])
    #expect(ancestry.line(holding: 4, before: 1) == nil && ancestry.line(holding: -1, before: 1) == nil)
  }

  @Test func aLineageEndsWhereItIsAskedFor() {
    #expect(ancestry.lineage(of: 1, in: 3) == [1, 0, 0, 1])
    #expect(ancestry.lineage(of: 1, in: 2) == [1, 1, 1])
    #expect(ancestry.lineage(of: 3, in: 1) == [2, 3])
    #expect(ancestry.lineage(of: 3, in: 0) == [3])
  }

  @Test func descendantsAreTheFirstOfThoseAtTheEnd() {
    #expect(ancestry.descendants == [[nil, 0, 2, nil], [0, nil, 2, 3], [0, nil, 2, 3], [0, 1, 2, 3]])
  }

  @Test func aFinishedParticleWasCulledAtTheFirstCullThatComesLateEnough() throws {
    #expect(ancestry.culls.map(\.checkpoint) == [0, 0, 2])
    #expect(ancestry.culls.map(\.place) == [0, 3, 1])
    let cull = try #require(ancestry.cull(of: 1, finishedAfter: 3))
    #expect(cull.checkpoint == 2 && ancestry.line(of: cull) == 1)
    #expect(ancestry.cull(of: 0, finishedAfter: 2) == ancestry.culls[0])
    #expect(ancestry.cull(of: 0, finishedAfter: 3) == nil)
    #expect(ancestry.cull(of: 2, finishedAfter: 0) == nil)
    #expect(ancestry.cull(of: 1, finishedAfter: 3, excluding: [cull]) == nil)
  }

  @Test func particlesThatSwapPlacesAreNotCulled() {
    let ancestry = Ancestry(Genealogy(count: 2, checkpoints: [checkpoint(1, [1, 0], count: 2)]))
    #expect(ancestry.culls.isEmpty)
    #expect(ancestry.lines.map(\.end) == [0, 0, nil, nil])
    #expect(ancestry.lines.map(\.parent) == [nil, nil, 1, 0])
    #expect(ancestry.lines.allSatisfy { !$0.isCulled })
    #expect(ancestry.descendants == [[1, 0], [0, 1]])
    #expect(ancestry.checkpoints[0].copies.map(\.ancestor) == [1, 0])
  }

  @Test(arguments: [-1, 0, 2])
  func whatDoesNotFitIsNoResampling(count: Int) {
    let genealogy = Genealogy(
      count: count,
      checkpoints: [
        checkpoint(-3, [0, 7, -1]), checkpoint(1, [0, 2]), checkpoint(1, [0]), checkpoint(2, nil),
      ])
    let ancestry = Ancestry(genealogy)
    #expect(ancestry.lines.count == max(count, 0))
    #expect(ancestry.culls.isEmpty)
    #expect(ancestry.checkpoints.map(\.step) == [0, 1, 1, 2])
    #expect(ancestry.checkpoints.allSatisfy { $0.ancestors == nil && $0.copies.isEmpty && $0.culled.isEmpty })
    #expect(ancestry.descendants.count == 5)
  }
}
