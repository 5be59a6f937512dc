import Agents
import Foundation
import Testing

@testable import Findings
@testable import Reporting
@testable import Steering

@Suite("Studies and tokens in tables, pictures and pages")
struct StudyReportTests {
  static let hostile = [
    "</text><script>alert(1)</script>", "\u{1B}[2J\u{7}", "a\nb", "\"' & <b>", "\u{202E}desrever", "", "  ",
    "<![CDATA[", "\u{0}", "e\u{301}",
  ]

  static func token(_ text: String, entropy: Double = 0.5, fork: Bool = false, near: Bool = false) -> ForkedAnswer.Token
  {
    .init(text: text, entropy: entropy, basePrefers: fork ? text : "b", tunedPrefers: "t", isFork: fork, isNear: near)
  }

  static func findings(
    tokens: [ForkedAnswer.Token] = [token("1"), token("9", fork: true, near: true)], forks: Int = 3,
    tuned: Double = 0.5
  ) -> TokenFindings {
    func pass(_ name: String, _ rate: Double) -> TokenFindings.Pass {
      .init(
        name: name, rate: MeanEstimate(mean: rate, se: 0.05),
        difference: name == "base"
          ? nil : PairedEstimate(["a": rate, "b": rate + 0.02], minus: ["a": 0.1, "b": 0.12]))
    }
    return TokenFindings(
      base: "base <model>", tuned: "tuned <model>", tasks: 2, attempts: 3, tokens: 60, forks: forks,
      agreementByTask: [0.9, 1], nearShare: 2 / 3.0, forkEntropy: 1.5, meanEntropy: 0.25,
      forksByTenth: [0, 0.25, 0, 0, 0, 0, 0, 0, 0.75, 0],
      passes: [pass("base", 0.1), pass("tuned", tuned), pass("oracle", 0.4), pass("random", 0.15)],
      example: ForkedAnswer(task: "sum <1>", reward: 1, tokens: tokens))
  }

  @Test("The token table says agreement, forks, who passes, and what the forks bring")
  func table() {
    let table = TokenTable(Self.findings())
    #expect(table.text.contains("both prefer the same token              95.00 % ± 5.00 %"))
    #expect(table.text.contains("forks (they differ)                                    3"))
    #expect(table.text.contains("ratio of the two                                   6.0 ×"))
    #expect(table.text.contains("base, tuned model at the forks"))
    #expect(table.text.contains("0.400 ± 0.050  +0.300 ± 0.000"))
    #expect(table.tables[2].rows == [["0 %", "25 %", "0 %", "0 %", "0 %", "0 %", "0 %", "0 %", "75 %", "0 %"]])
    #expect(
      table.lines == [
        "Of the tuned model's gain of +0.400, its tokens at the forks alone bring +0.300 (75 %), as many random ones +0.050."
      ])
    // Without a gain there is no share to attribute.
    #expect(TokenTable(Self.findings(tuned: 0.1)).lines.first?.contains("does not pass more often") == true)
    #expect(TokenTable(Self.findings(forks: 0)).tables.count == 2)
    for table in table.tables { #expect(table.width <= 100) }
  }

  @Test("Every token is a box, every fork is framed and has what the base would have said above it")
  func picture() throws {
    let tokens = [
      Self.token("1", entropy: 0), Self.token(" 9", entropy: 1, fork: true, near: true),
      Self.token("7", entropy: 9, fork: true), Self.token("\n", entropy: .nan),
    ]
    let picture = PictureReader(try #require(ForkPicture.svg(Self.findings(tokens: tokens))))
    #expect(picture.isWellFormed)
    #expect(picture.all("token").count == 4)
    #expect(picture.all("token", "fork").count == 2 && picture.all("token", "fork", "far").count == 1)
    #expect(picture.all("token", "h0").count == 2 && picture.all("token", "h3").count == 1)
    #expect(picture.all("token", "h5").count == 1)
    // A space within a token is made visible.
    #expect(picture.all("words").map(\.text) == ["1", "·9", "7", "↵"])
    #expect(picture.all("other").map(\.text) == ["·9", "7"])
    #expect(picture.all("bar").count == 10)
    #expect(
      picture.elements.contains { $0.name == "title" && $0.text.contains("Token 2: “9”, base entropy 1.00 nats") })
  }

  @Test("Tokens flow in lines inside the picture, and a long answer is cut")
  func flow() throws {
    let tokens = (0..<400).map { Self.token("word\($0)", fork: $0 % 7 == 0) }
    let picture = PictureReader(try #require(ForkPicture.svg(Self.findings(tokens: tokens))))
    let boxes = picture.all("token")
    #expect(boxes.count == 240)
    for box in boxes {
      #expect((box.number("x") ?? -1) >= 20)
      #expect((box.number("x") ?? 0) + (box.number("width") ?? 0) <= 700)
    }
    // The legend is checked too.
    for key in picture.elements where key.classes.contains("key") {
      #expect((key.number("x") ?? 0) + (key.number("width") ?? 0) <= 700)
    }
    // Boxes in the same line do not overlap.
    for (a, b) in zip(boxes, boxes.dropFirst()) where a.number("y") == b.number("y") {
      #expect((a.number("x") ?? 0) + (a.number("width") ?? 0) <= b.number("x") ?? 0)
    }
    #expect(picture.texts.contains("… and 160 more tokens"))
    let height = picture.first("svg")?.number("height") ?? 0
    #expect(boxes.allSatisfy { ($0.number("y") ?? .infinity) + 22 < height })
    #expect(ForkPicture.svg(Self.findings(tokens: [])) != nil)
  }

  @Test("Whatever a model said stays text", arguments: hostile)
  func escaping(text: String) throws {
    let findings = Self.findings(tokens: [Self.token(text), Self.token(text, fork: true)])
    let svg = try #require(ForkPicture.svg(findings))
    #expect(PictureReader(svg).isWellFormed)
    #expect(!svg.contains("<script") && !svg.contains("\u{1B}") && !svg.contains("\u{202E}"))
    #expect(PictureReader(svg).all("words").count == 2)
    var named = Self.study()
    named = StudyFindings(
      environment: named.environment, policy: text, pass: 1,
      models: named.models.map {
        StudyFindings.Model(
          name: $0.name, policy: text, sample: $0.sample, base: nil, most: 2, pass: 1, work: $0.work)
      },
      trainings: [.init(name: text, adapter: text, steps: 1, kept: 1, heldOut: 0, threshold: nil)],
      steered: named.steered, preparations: [.init(name: text, work: StudyWork())], tokens: [findings], missing: [text],
      seed: Seed(1))
    let page = ReportPage(title: "t", sections: [.init(findings: named), .init(tokens: findings)]).html
    #expect(!page.contains("<script>alert") && !page.contains("\u{1B}") && !page.contains("\u{202E}"))
    #expect(!StudyTable(named).text.contains("\u{1B}"))
  }

  static func study() -> StudyFindings {
    func sample(_ rewards: [[Double]]) -> AttemptSample {
      AttemptSample(rewards.enumerated().map { .init(task: TaskID("t\($0)"), rewards: $1) })
    }
    let base = sample([[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
    var (small, large) = (StudyWork(), StudyWork())
    (small.calls, small.inputTokens, small.outputTokens, small.processorSeconds) = (36, 900, 100, 30)
    (large.calls, large.inputTokens, large.trainedTokens, large.processorSeconds) = (400, 3_000, 1_000, 300)
    func model(_ name: String, _ own: AttemptSample) -> StudyFindings.Model {
      .init(
        name: name, policy: "p \(name)", sample: own, base: name == "base" ? nil : base, most: 4, pass: 1, work: small)
    }
    func steered(_ count: Int, _ rewards: [Double]) -> StudyFindings.Steered {
      .init(
        model: "base", particles: count, resample: count == 1 ? "none" : "steps:1,2", temperature: 0.1,
        selectedBy: "critic",
        rows: rewards.enumerated().map { .init(task: TaskID("t\($0)"), best: 1, weighted: $1, selected: $1 / 2) },
        work: small)
    }
    return StudyFindings(
      environment: WorldIdentity(kind: "toy"), policy: "p", pass: 1,
      models: [
        model("base", base), model("reasonmaxxer", sample([[0, 1, 1, 0], [0, 1, 0, 1], [0, 1, 1, 0]])),
        model("grpo", sample([[1, 1, 1, 0], [0, 1, 1, 1], [1, 1, 1, 0]])),
      ],
      trainings: [
        .init(name: "reasonmaxxer", adapter: "a", steps: 150, kept: 100, heldOut: 24, threshold: 0.7),
        .init(name: "grpo", adapter: "b", steps: 80, kept: 0, heldOut: 24, threshold: nil),
      ], steered: [steered(1, [0, 0.5, 0.25]), steered(2, [1, 0.75, 0.75])],
      preparations: [.init(name: "reasonmaxxer", work: small), .init(name: "grpo", work: large)],
      tokens: [findings()], missing: ["tokens-grpo"], seed: Seed(1))
  }

  @Test("A study in words: shares, ratios, crossings, what was kept and what is missing")
  func words() {
    let lines = StudyTable(Self.study()).lines
    #expect(lines[0].hasPrefix("reasonmaxxer: 150 steps, decisions above 0.7 nats; kept step 100"))
    #expect(lines[1].contains("grpo: 80 steps; no step did better"))
    // Each task gains 1/4 with ReasonMaxxer and 1/2 with GRPO.
    #expect(
      lines.contains(
        "ReasonMaxxer has 50 % of GRPO's gain in reward (95 % interval 50 % to 50 %, bootstrap over 3 tasks)."))
    #expect(lines.contains { $0.contains("0.25 × GRPO's tokens and 0.10 × its processor time") })
    #expect(
      lines.contains {
        $0.hasPrefix(
          "Steered base, the posterior mean, which weighs by the true reward at the end: reaches a single attempt of GRPO's at N = 2 (+0.083 ± 0.083"
        )
          && $0.hasSuffix("surely so with none of the N tried.")
      })
    #expect(
      lines.contains {
        $0.hasPrefix(
          "Steered base, the critic's choice, which needs no reward: never reaches a single attempt of GRPO's with up to 2 particles"
        )
      })
    #expect(
      lines.contains {
        $0.hasPrefix("Steered base, the best by the true reward: reaches a single attempt of GRPO's at N = 1")
          && $0.hasSuffix("surely so.")
      })
    #expect(lines.last == "Not run yet: tokens-grpo.")
    for table in StudyTable(Self.study()).tables { #expect(table.width <= 130) }
  }

  @Test("The page has the curves, the tables and an answer; and a study that has only begun is shown too")
  func page() throws {
    let section = ReportPage.Section(findings: Self.study())
    let pictures = section.items.compactMap { item -> String? in
      if case .picture(let svg, _) = item { svg } else { nil }
    }
    #expect(pictures.count == 4)
    for picture in pictures { #expect(PictureReader(picture).isWellFormed) }
    // One curve for each of the three models, and one for the steered base.
    #expect(PictureReader(pictures[1]).all("path").count == 4)
    // On the log scale the x values are calls per task: best-of-4 with 3 calls per attempt is at 12.
    #expect(pictures[1].contains("log scale) 12,"))
    let begun = StudyFindings(
      environment: WorldIdentity(kind: "toy"), policy: "p", pass: 1, models: [], steered: [], preparations: [],
      tokens: [], missing: ["collect"], seed: Seed(1))
    #expect(ReportPage(title: "t", sections: [.init(findings: begun)]).html.contains("Not run yet: collect."))
    #expect(StudyTable(begun).tables.isEmpty)
  }
}
