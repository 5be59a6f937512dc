import Agents
import ParticleFilter
import Testing

@testable import Reporting
@testable import Steering

@Suite("A picture of a genealogy")
struct GenealogyPictureTests {
  @Test(
    "has a line per particle, a curve per clone and a mark per culled particle",
    arguments: [
      (1, Schedule.never), (8, .never), (8, .steps([1, 2, 3, 4])), (15, .effectiveSampleSize(below: 0.5)),
      (15, .steps([4, 8, 12])), (64, .steps([2, 6])), (8, .effectiveSampleSize(below: 0.01)),
    ])
  func counts(particles: Int, schedule: Schedule) {
    let result = Samples.population(particles: particles, steps: 12, schedule: schedule)
    let genealogy = result.genealogy
    let reader = PictureReader(GenealogyPicture.svg(result))
    #expect(reader.isWellFormed)
    #expect(reader.all("particle").count == particles)
    #expect(reader.all("clone").count == genealogy.forks)
    let culled = genealogy.checkpoints.reduce(0) { $0 + particles - Set($1.ancestors ?? Array(0..<particles)).count }
    #expect(reader.all("culled").count == culled)
    #expect(reader.all("checkpoint").count == genealogy.checkpoints.count)
    #expect(reader.all("stop", "resampled").count == genealogy.resamplings)
    #expect(reader.all("reward").count == particles)
    #expect(
      reader.all("fertile").count { $0.name == "line" }
        == (0...genealogy.checkpoints.count).reduce(0) { sum, segment in
          sum + Set((0..<particles).map { genealogy.lineage(of: $0)[segment] }).count
        })
  }

  @Test("starts a clone on its ancestor's line and ends it on its own")
  func clone() throws {
    let genealogy = Genealogy(
      count: 3,
      checkpoints: [checkpoint(step: 2, logWeights: [0, 2, -.infinity], values: [0.2, 0.9, 0.1], [0, 1, 1])])
    let reader = PictureReader(GenealogyPicture.svg(genealogy, task: Samples.task, rewards: [0.2, 1, 0.6]))
    let path = try #require(reader.all("clone").first?.attributes["d"])
    let numbers = path.dropFirst().split { " C".contains($0) }.compactMap { Double($0) }
    let layout = GenealogyLayout(count: 3, stops: [2], steps: 5)
    #expect(numbers.count == 8)
    #expect(numbers[0] == layout.x(step: 2))
    #expect(numbers[1] == layout.y(1))
    #expect(numbers[7] == layout.y(2))
    let mark = try #require(reader.all("culled").first?.attributes["d"])
    #expect(mark.contains(SVG.coordinate(layout.x(step: 2) - 4)))
    // The culled line is thin. It has the smallest value and therefore the first colour.
    #expect(reader.all("childless").map(\.classes).contains(["childless", "v0"]))
    #expect(reader.texts.contains("1.3"))
  }

  @Test("emphasises the best, and shows one that was culled after its end")
  func best() throws {
    let result = Samples.population(particles: 8, steps: 5, schedule: .steps([2, 5]))
    let reader = PictureReader(GenealogyPicture.svg(result))
    let best = reader.all("best").map(\.text)
    #expect(best.contains("★ " + Format.number(try #require(result.rewardBest))))
    #expect(reader.all("ancestry").count == 1)

    let right = Samples.trajectory([true, true], of: 2)
    let wrong = Samples.trajectory([false, true], of: 2)
    let genealogy = Genealogy(
      count: 2, checkpoints: [checkpoint(step: 2, logWeights: [0, -9], values: [0, 0], [0, 0])])
    let culled = PictureReader(
      GenealogyPicture.svg(
        Samples.result(
          trajectories: [wrong, wrong], genealogy: genealogy, bank: [.init(place: 1, trajectory: right)])))
    #expect(culled.all("banked", "best").map(\.text) == ["★ 1.000"])
    #expect(culled.all("reward", "best").isEmpty)
    let layout = GenealogyLayout(count: 2, stops: [2], steps: 2)
    #expect(culled.all("ancestry").first?.attributes["d"]?.hasPrefix("M58 \(SVG.coordinate(layout.y(1)))H") == true)
  }

  @Test("tells the actions of a segment, and where a trajectory ended")
  func actions() {
    let trajectories = [
      Samples.trajectory([true, false], of: 2), Samples.trajectory([true, true, true, false], of: 4),
    ]
    let genealogy = Genealogy(
      count: 2, checkpoints: [checkpoint(step: 3, logWeights: [0, 0], values: [0, 0.4], nil)])
    let reader = PictureReader(
      GenealogyPicture.svg(Samples.result(trajectories: trajectories, genealogy: genealogy, failures: [0: "lost"])))
    let tooltips = reader.elements.filter { $0.name == "title" }.map(\.text)
    #expect(tooltips.contains("Particle 1, steps 1 to 3\nV 0.400\n1. 1 right\n2. 2 right\n3. 3 right"))
    #expect(reader.all("waiting").count == 2)
    #expect(reader.texts.contains("failed"))
  }

  @Test("survives hostile text")
  func hostile() {
    let text = "<script>alert(1)</script> ]]> & \"'\u{0}\u{1B}[31m\u{202E}\u{FFFE} مرحبا <!-- <![CDATA["
    let task = AgentTask(id: TaskID(text), request: String(repeating: text, count: 40), stepLimit: .max)
    let svg = GenealogyPicture.svg(Genealogy(count: 2), task: task, rewards: [0, 1])
    #expect(!svg.contains("<script") && !svg.contains("]]>") && !svg.contains("\u{202E}"))
    let reader = PictureReader(svg)
    #expect(reader.isWellFormed)
    #expect(reader.first("title")?.text.hasPrefix("Task <script>alert(1)") == true)
  }

  @Test("survives numbers that are none and genealogies that do not fit")
  func nonsense() {
    let checkpoints = [
      checkpoint(step: 1, logWeights: [-.infinity, -.infinity, .nan], values: [-1e308, 1e308, -.infinity], nil),
      checkpoint(step: 1, logWeights: [0], values: [0], [0, 7, -1]),
      checkpoint(step: -4, logWeights: [], values: [], [0]),
    ]
    for count in [0, 1, 3] {
      let svg = GenealogyPicture.svg(
        Genealogy(count: count, checkpoints: checkpoints), task: Samples.task, rewards: [.nan, .infinity, 0.5, 9])
      #expect(PictureReader(svg).isWellFormed)
      #expect(!svg.contains("nan") && !svg.contains("inf\""))
    }
  }

  private func checkpoint(step: Int, logWeights: [Double], values: [Double], _ ancestors: [Int]?) -> Checkpoint {
    Checkpoint(
      step: step, logWeights: LogWeights(logWeights), softValues: values, ancestors: ancestors, logEvidence: 0)
  }
}
