import Agents
import Findings
import Reporting
import Steering
import Testing

@Suite("A table of a diagnosis")
struct DiagnosisTableTests {
  /// Tasks of three steps. The last step pays `reward` for the task and attempt.
  static func diagnosis(
    tasks: Int = 12, each: Int = 4, steps: Int = 3, maximalReward: Double? = 1, critic: Bool = false,
    reward: (Int, Int) -> Double
  ) throws -> Diagnosis {
    var rollouts: [Trajectory] = []
    var expected: [[Double]] = []
    for task in 0..<tasks {
      for attempt in 0..<each {
        let paid = reward(task, attempt)
        rollouts.append(
          Trajectory(
            task: AgentTask(id: TaskID("t\(task)"), request: "", stepLimit: steps), opening: Observation(""),
            steps: (1...steps).map {
              Step(
                response: "", action: .act("\($0) \(attempt)"),
                outcome: Outcome(Observation(""), reward: $0 == steps ? paid : 0, isDone: $0 == steps))
            }))
        expected.append((0..<steps).map { $0 == 0 ? 0.5 : paid })
      }
    }
    return try #require(
      Diagnosis(rollouts, maximalReward: maximalReward, expectedReturnsToGo: critic ? expected : nil))
  }

  static let all: [(String, Diagnosis.Advice.Reason, @Sendable () throws -> Diagnosis)] = [
    ("collect more rollouts", .tooFewRollouts, { try diagnosis(tasks: 2) { Double($1 % 2) + Double($0) } }),
    ("use the policy as it is", .nearMaximum, { try diagnosis { _, _ in 1 } }),
    ("change what is sampled", .endsAlike, { try diagnosis(maximalReward: nil) { _, _ in 0 } }),
    ("change what is sampled", .flat, { try diagnosis { $1 == 0 ? 0.01 : Double($0 % 2) * 0 } }),
    ("take the best of several", .bestNearMaximum, { try diagnosis { Double($1 % 2) + 0 * Double($0) } }),
    ("take the best of several", .unpredictable, { try diagnosis { $1 == $0 % 8 ? 1 : 0 } }),
    ("plan a steered run", .predictableEarly, { try diagnosis(critic: true) { $1 == $0 % 8 ? 1 : 0 } }),
  ]

  @Test("shows all figures and says what they mean")
  func whole() throws {
    let table = DiagnosisTable(try Self.diagnosis(critic: true) { $1 == $0 % 8 ? 1 : 0 })
    #expect(
      table.text() == """
        48 rollouts of 12 tasks (± one standard error over tasks)
        figure                                                     value
        ───────────────────────────────────────────  ───────────────────
        rollouts per task (least, mean, most)                  4, 4.0, 4
        mean reward                                        0.167 ± 0.036
        steps of a rollout                                     3.0 ± 0.0
        steps that pay nothing                                  94 ± 1 %
        variance of the reward within a task             0.1667 ± 0.0355
        its square root                                            0.408
        share of the variance that is within tasks                 100 %
        tasks whose rollouts all end alike            4 of 12, 33 ± 14 %
        tasks always solved                             0 of 12, 0 ± 0 %
        tasks solved by some                          8 of 12, 67 ± 14 %
        tasks never solved                            4 of 12, 33 ± 14 %
        different trajectories of a task's rollouts            100 ± 0 %
        pairs of a task that never part                          0 ± 0 %
        step at which pairs part (quartiles)         1.0 ± 0.0 (1, 1, 1)

        The best of k independent rollouts, had a verifier chosen
        k  tasks  left out  solved (pass@k)    best reward
        ─  ─────  ────────  ───────────────  ─────────────
        1     12         0    0.167 ± 0.036  0.167 ± 0.036
        2     12         0    0.333 ± 0.071  0.333 ± 0.071
        4     12         0    0.667 ± 0.142  0.667 ± 0.142

        How well the reward at the end is told by a critic that never saw the task
        after step  rollouts   R² in task  Spearman in task  AUC in task     R²  Spearman   AUC
        ──────────  ────────  ───────────  ────────────────  ───────────  ─────  ────────  ────
                 0        48  0.00 ± 0.00       0.00 ± 0.00  0.50 ± 0.00  −0.80         –  0.50
                 1        48  1.00 ± 0.00       1.00 ± 0.00  1.00 ± 0.00   1.00      1.00  1.00
                 2        48  1.00 ± 0.00       1.00 ± 0.00  1.00 ± 0.00   1.00      1.00  1.00

        What can be selected is what differs between rollouts of one task. That 94 % of the steps pay
        nothing does not by itself make the reward sparse; a task is sparse whose rollouts all end alike,
        whatever their mean, and 33 ± 14 % of the tasks are.

        Half of the pairs of rollouts that part have parted by step 1 of 3.0. Before rollouts part there is
        nothing to choose between.

        Within tasks, the reward at the end begins to show after step 1 and is predictable from step 1, the
        first with at least half of the largest R². Figures across tasks also count telling easy tasks from
        hard ones, which selection cannot use.

        Advice: plan a steered run. Rollouts differ within tasks (standard deviation 0.408), how they end
        begins to show after step 1 of 3.0, and the best of 4 rollouts comes to 0.667, one to 0.167 (+0.500
        ± 0.107), where the maximal reward is 1.000. What steering would gain is not known from this: a plan
        measures it.
        """)
  }

  @Test("says what to do and why, in each case", arguments: 0..<all.count)
  func advice(number: Int) throws {
    let (title, reason, make) = Self.all[number]
    let diagnosis = try make()
    #expect(diagnosis.advice.reason == reason)
    let table = DiagnosisTable(diagnosis)
    #expect(table.advice.hasPrefix(title))
    #expect(table.because.contains { $0.isNumber } && table.because.hasSuffix("."))
    #expect(table.text().split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(table.markdown.contains("**Advice: \(title)"))
  }

  @Test("stays within 100 columns with long rollouts, large rewards and many tasks")
  func width() throws {
    let table = DiagnosisTable(
      try Self.diagnosis(tasks: 1_000, each: 2, steps: 60, maximalReward: nil, critic: true) {
        -12_345.678 * Double(($0 * 7 + $1 * 3) % 11)
      }, predictedBy: String(repeating: "trees\u{1B}[31m ", count: 30))
    #expect(!table.text().contains("\u{1B}") && table.sentences.last?.contains("trees␛") == true)
    #expect(table.text().split(separator: "\n").allSatisfy { $0.count <= 100 })
    // A table of every step would have 60 rows.
    #expect(table.predictability.rows.count == 12)
    #expect(table.predictability.rows.first?.first == "0" && table.predictability.rows.last?.first == "59")
  }
}
