import Reporting
import Steering
import Testing

@Suite("A text table")
struct TableTests {
  let table = TextTable(
    title: "Rewards", columns: [.left("method"), .right("N"), .right("best")],
    rows: [["amc", "8", "0.738 ± 0.039"], ["best-of", "15", "0.5"]])

  @Test("puts words left and numbers right")
  func text() {
    #expect(
      table.text == """
        Rewards
        method    N           best
        ───────  ──  ─────────────
        amc       8  0.738 ± 0.039
        best-of  15            0.5
        """)
    #expect(table.width == 26)
  }

  @Test("is the same in Markdown")
  func markdown() {
    #expect(
      table.markdown == """
        **Rewards**

        | method | N | best |
        | :-- | --: | --: |
        | amc | 8 | 0.738 ± 0.039 |
        | best-of | 15 | 0.5 |
        """)
  }

  @Test("counts characters as people see them")
  func perceivedCharacters() {
    let table = TextTable(columns: [.left("a"), .right("b")], rows: [["e\u{301}👩‍🔬x", "1"], ["abcd", "22"]])
    #expect(table.text == "a      b\n────  ──\ne\u{301}👩‍🔬x    1\nabcd  22")
  }

  @Test("leaves no blanks at the ends of lines")
  func trailingBlanks() {
    let table = TextTable(columns: [.right("n"), .left("word")], rows: [["1", "a"], ["2", ""]])
    #expect(table.text.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
  }

  @Test("cannot be broken by what is in it")
  func hostileCells() {
    let table = TextTable(columns: [.left("a|b")], rows: [["x\n\u{1B}[31m|<b>`*_"]])
    #expect(table.text == "a|b\n────────────────\nx␊␛[31m|<b>`*_".replacing("────────────────", with: "──────────────"))
    #expect(table.markdown == "| a\\|b |\n| :-- |\n| x␊␛\\[31m\\|\\<b\\>\\`\\*\\_ |")
  }

  @Test("without rows is its header")
  func empty() {
    #expect(TextTable(columns: [.left("a"), .right("b")]).text == "a  b\n─  ─")
    #expect(TextTable(columns: []).width == 0)
  }
}

@Suite("A table of a comparison")
struct ComparisonTableTests {
  @Test("has rewards, costs and paired differences")
  func whole() throws {
    let table = try ComparisonTable(Samples.demonstration())
    #expect(
      table.text == """
        Rewards (± one standard error over tasks)
        method   N  tasks         solved    best reward  mean over particles  weighted mean           selected (by)
        ───────  ─  ─────  ─────────────  ─────────────  ───────────────────  ─────────────  ──────────────────────
        single   1     48  0.021 ± 0.021  0.400 ± 0.030        0.400 ± 0.030  0.400 ± 0.030  0.400 ± 0.030 (chance)
        best-of  8     48  0.250 ± 0.063  0.738 ± 0.039        0.412 ± 0.021  0.688 ± 0.040  0.610 ± 0.050 (critic)
        amc      8     48  0.417 ± 0.072  0.788 ± 0.030        0.542 ± 0.024  0.700 ± 0.035  0.660 ± 0.040 (critic)

        Costs
        method   resampling         calls  tokens in   (cached)  tokens out   wall time
        ───────  ─────────────────  ─────  ─────────  ─────────  ──────────  ──────────
        single   –                    240     80,000   (60,000)         900        12 s
        best-of  –                  1,920    123,456  (100,000)       7,890  1 min 39 s
        amc      steps:1,2,3 β 0.1  1,920    123,456  (100,000)       7,890  3 min 05 s

        amc − single, paired over 48 tasks: solved +0.17 ± 0.05, best +0.05 ± 0.01, mean +0.130 ± 0.004
        amc − best-of, paired over 48 tasks: solved +0.17 ± 0.05, best +0.05 ± 0.01, mean +0.130 ± 0.004
        """)
  }

  @Test("stays within 120 columns, also with large numbers, a price and a long schedule")
  func width() throws {
    let steps = "steps:" + (1...40).map(String.init).joined(separator: ",")
    let table = try ComparisonTable(
      Samples.comparison([
        Samples.summary("best-of", tasks: 10_000, particles: 128, scale: -99, cost: 12_345.6),
        Samples.summary("amc", resample: steps, calls: 12_345_678, tokens: (1_234_567_890, 1_000_000_000, 98_765_432)),
      ]))
    #expect(table.tables.allSatisfy { $0.width <= 120 })
    #expect(table.text.contains("12,345.60"))
    #expect(table.text.contains("steps:1,2,3,4,5,6,7,8,… β 0.1"))
  }

  @Test("leaves out what nobody has")
  func absent() throws {
    let table = try ComparisonTable(
      Samples.comparison(
        [Samples.summary("single", tasks: 1, solved: nil)],
        differences: [
          Samples.difference(against: "single", tasks: 1), Samples.difference(against: "best-of", tasks: 0),
        ]))
    #expect(!table.tables[0].text.contains("solved"))
    #expect(!table.text.contains("cost"))
    // A single task has no standard error.
    #expect(table.tables[0].rows[0].contains("0.738"))
    #expect(table.lines[0] == "amc − single, paired over 1 task: solved +0.17, best +0.05, mean +0.130")
    #expect(table.lines[1] == "amc − best-of: no task in common")
  }

  @Test("says what a reader should know")
  func remarks() throws {
    let table = try ComparisonTable(
      Samples.comparison([Samples.summary("amc", stopped: "the limit\u{1B}[0m", failed: 1, mismatches: 2)]))
    #expect(
      table.lines == [
        "amc: stopped early: the limit␛[0m", "amc: 1 attempt failed and is left out of all means",
        "amc: 1 failed because the environment or the agent's program failed or hung: look. One of them: lost",
        "amc: 2 replayed observations differed in text from the recorded ones",
      ])
  }

  @Test("of one method has a line for each figure")
  func single() throws {
    let table = try ComparisonTable(Samples.summary("amc", resample: "ess:0.5", cost: 0.0012))
    #expect(table.tables.count == 1)
    let rows = Dictionary(uniqueKeysWithValues: table.tables[0].rows.map { ($0[0], $0[1]) })
    #expect(rows["resampling"] == "ess:0.5 β 0.1")
    #expect(rows["best reward"] == "0.738 ± 0.039")
    #expect(rows["selected by critic"] == "0.610 ± 0.050")
    #expect(rows["cost"] == "0.0012")
    #expect(rows["wall time"] == "3 min 05 s")
  }
}
