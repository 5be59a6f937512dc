import Agents
import ParticleFilter
import Testing

@testable import Findings
@testable import Reporting
@testable import Steering

/// A text with markup, terminal escapes, and characters that reverse the direction of the line.
private let hostile = "<script>alert(1)</script> ]]> & \"'\u{0}\u{1B}[31m\u{202E}\u{FFFE} مرحبا <!-- <![CDATA["

@Suite("SVG")
struct SVGTests {
  @Test("escapes text strictly")
  func escaping() {
    #expect(SVG.escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;")
    #expect(SVG.escaped("]]>\0\u{1B}\u{FFFF}\n") == "]]&gt;␀␛\\u{FFFF}\n")
    let element = SVG("text", ["x": 1.0, "class": hostile], [.text(hostile)])
    let reader = PictureReader(element.markup)
    #expect(reader.isWellFormed)
    #expect(reader.elements.count == 1)
    #expect(reader.elements.first?.text == visible(hostile))
  }

  @Test(
    "writes short coordinates",
    arguments: [
      (1, "1"), (0.5, "0.5"), (-0.25, "-0.25"), (1.999, "2"), (10, "10"), (.nan, "0"), (.infinity, "0"), (1e300, "0"),
    ] as [(Double, String)])
  func coordinates(value: Double, text: String) { #expect(SVG.coordinate(value) == text) }

  @Test("cuts what does not fit")
  func fitted() {
    #expect(SVG.fitted("short\n text", width: 200, fontSize: 10) == "short text")
    let cut = SVG.fitted(String(repeating: "word ", count: 100), width: 200, fontSize: 10)
    #expect(cut.hasSuffix("…") && cut.count < 50)
    #expect(SVG.fitted(String(repeating: "字", count: 100), width: 200, fontSize: 10).count <= 20)
  }
}

@Suite("A picture of a comparison")
struct ComparisonChartTests {
  @Test("has a row for each method and figure, with its value")
  func rows() throws {
    let reader = try PictureReader(ComparisonChart.svg(Samples.demonstration()))
    #expect(reader.isWellFormed)
    #expect(reader.all("row").count == 12)
    #expect(reader.all("whisker").count == 12)
    // One mark in every row and one in the legend.
    #expect(reader.all("mark").count == 15)
    #expect(reader.texts.contains("0.417 ± 0.072"))
    #expect(reader.texts.contains("amc (N 8, steps:1,2,3 β 0.1)"))
    #expect(reader.first("title")?.text == "3 methods on 48 tasks")
    #expect(reader.first("desc")?.text.contains("amc: solved 0.417 ± 0.072, best reward 0.788 ± 0.030") == true)
  }

  @Test("places whiskers around the mean")
  func whiskers() throws {
    let reader = try PictureReader(ComparisonChart.svg(Samples.demonstration()))
    let whisker = try #require(reader.all("whisker", "m1").first)
    let square = try #require(reader.all("mark", "m1").dropFirst().first)
    let middle = try #require(square.number("x")) + 4.5
    let (from, to) = (try #require(whisker.number("x1")), try #require(whisker.number("x2")))
    #expect(abs((from + to) / 2 - middle) < 0.02)
    #expect(from < to)
  }

  @Test("gives a share its own axis where rewards are none", arguments: [(1.0, 1), (100, 2), (-3, 2)])
  func axes(scale: Double, count: Int) throws {
    let reader = try PictureReader(ComparisonChart.svg(Samples.demonstration(scale: scale)))
    #expect(reader.texts.count { $0.contains("share of tasks") || $0 == "reward" } == count)
  }

  @Test("survives nothing, hostile names and no numbers")
  func extremes() throws {
    #expect(try PictureReader(ComparisonChart.svg(Samples.comparison([]))).isWellFormed)
    let summary = try Samples.summary(hostile, resample: hostile, solved: nil)
    #expect(try PictureReader(ComparisonChart.svg(Samples.comparison([summary]))).isWellFormed)
    let empty = MethodSummary(
      Samples.outcome([], wallSeconds: 0), settings: SteeringSettings(), pricing: Pricing(), maximalReward: 1)
    #expect(PictureReader(ComparisonChart.svg(Comparison([empty], maximalReward: 1))).isWellFormed)
    let lost = PopulationResult(
      task: Samples.task,
      particles: [.init(trajectory: paying(.nan), failure: nil, logWeight: .nan, weight: .nan)], bank: [],
      genealogy: Genealogy(count: 1), softValue: -.infinity, selection: nil, calls: 0, criticCalls: 0, usage: Usage(),
      wallSeconds: 0, criticalPathSeconds: 0, replayMismatches: 0, failures: [])
    let summaries = [
      MethodSummary(
        Samples.outcome([lost], wallSeconds: .nan), settings: SteeringSettings(), pricing: Pricing(), maximalReward: nil
      )
    ]
    let reader = PictureReader(ComparisonChart.svg(Comparison(summaries, maximalReward: nil)))
    #expect(reader.isWellFormed)
    #expect(reader.texts.contains("–"))
  }

  private func paying(_ reward: Double) -> Trajectory {
    let step = Step(response: "", action: .act("x"), outcome: Outcome(Observation(""), reward: reward, isDone: true))
    return Trajectory(task: Samples.task, opening: Observation(""), steps: [step])
  }

  @Test("labels axes with round numbers")
  func ticks() {
    #expect(
      Axis(covering: [0.2, 0.9]).ticks.map(Axis(covering: []).label) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Axis(covering: [12, 97]).ticks == [0, 20, 40, 60, 80, 100])
    #expect(Axis(covering: [-3, 1]).ticks == [-3, -2, -1, 0, 1])
    #expect(Axis(covering: [-1e-300, 1 + 1e-12]).ticks.count == 6)
    #expect(Axis(covering: [-1e308, 1e308, .nan]).ticks.count == 6)
    #expect(Axis(steps: 5).ticks == [0, 1, 2, 3, 4, 5])
    #expect(Axis(steps: 0).ticks == [0, 1])
  }
}
