import Agents
import Testing

@testable import Steering

@Suite("Remaining time")
struct ProgressTests {
  private func taken(_ left: inout RemainingSteps, _ task: Int, _ steps: Range<Int>, attempt: Int = 0) {
    for step in steps { left.answered(task: TaskID("\(task)"), attempt: attempt, step: step) }
  }

  @Test func beforeAnAttemptHasEndedTheMostIsExpected() {
    var left = RemainingSteps(tasks: 4, attempts: 2, stepLimit: 5, most: 40)
    #expect(left.estimate == .init(steps: 40, longest: 5, isBound: true))
    taken(&left, 0, 0..<3)
    #expect(left.estimate == .init(steps: 37, longest: 5, isBound: true))
  }

  @Test func attemptsUnderWayCountByTheirSteps() {
    // Half of the attempts end after 2 steps, the others after 10. All began together; the short ones are done.
    var left = RemainingSteps(tasks: 16, attempts: 1, stepLimit: 10, most: 160)
    for task in 0..<8 { taken(&left, task, 0..<(task < 4 ? 2 : 3)) }
    for task in 0..<4 { left.finished(task: TaskID("\(task)"), lengths: [2]) }
    // A mean of the finished ones would say 2 steps of each. 4 have 7 to come; 8 are still to begin, at 2 + 8/2.
    #expect(left.estimate == .init(steps: 4 * 7 + 8 * 6, longest: 7, isBound: false))
    for task in 4..<8 {
      taken(&left, task, 3..<10)
      left.finished(task: TaskID("\(task)"), lengths: [10])
    }
    #expect(left.estimate.steps == 48)
    for task in 8..<16 { left.finished(task: TaskID("\(task)"), lengths: [6]) }
    #expect(left.estimate == .init(steps: 0, longest: 0, isBound: false))
  }

  @Test func aMinimumOfCallsAndABudgetAreKept() {
    var left = RemainingSteps(tasks: 2, attempts: 1, stepLimit: 3, minimum: ["1": 9], most: 12)
    taken(&left, 0, 0..<3)
    left.finished(task: "0", lengths: [3])
    taken(&left, 1, 0..<2)
    #expect(left.estimate.steps == 7)
    var budget = RemainingSteps(tasks: 2, attempts: 4, stepLimit: 3, most: 20, isBudget: true)
    taken(&budget, 0, 0..<3)
    #expect(budget.estimate.steps == 17 && budget.estimate.isBound)
  }

  @Test func answersBeyondWhatWasPlannedDoNoHarm() {
    var left = RemainingSteps(tasks: 0, attempts: 0, stepLimit: 0, most: 0)
    taken(&left, 7, 0..<5)
    left.finished(task: "7", lengths: [0, 9])
    #expect(left.estimate.steps == 0 && left.taken == 5)
  }

  @Test func theRateIsThatOfRecentCalls() throws {
    var rate = CallRate(memory: 10)
    #expect(rate.perSecond(at: 5) == nil && rate.latency == nil)
    for call in 1...200 { rate.answered(seconds: 0.25, at: Double(call) / 4) }
    #expect(abs(try #require(rate.perSecond(at: 50)) - 4) < 0.2)
    #expect(abs(try #require(rate.latency) - 0.25) < 1e-9)
    // The server has become four times as fast.
    for call in 1...640 { rate.answered(seconds: 0.25, at: 50 + Double(call) / 16) }
    #expect(abs(try #require(rate.perSecond(at: 90)) - 16) < 0.5)
    // Nothing comes any more.
    #expect(try #require(rate.perSecond(at: 120)) < 1)
  }

  private func figures(_ change: (inout ProgressFigures) -> Void) -> ProgressFigures {
    var figures = ProgressFigures()
    (figures.tasks, figures.calls, figures.spentCalls) = (10, 100, 100)
    change(&figures)
    var rate = CallRate(memory: 1e6)
    // One call a second, each of two seconds.
    for call in 1...100 { rate.answered(seconds: 2, at: Double(call) + 1) }
    figures.expect(.init(steps: 50, longest: 8, isBound: false), rate, at: 101, elapsed: 101)
    return figures
  }

  @Test func timeIsTheWorkAtTheRateOrTheLongestAttempt() throws {
    let plain = figures { _ in }
    #expect(plain.expectedCalls == 150 && abs((plain.secondsLeft ?? .nan) - 50) < 2)
    let inFlight = figures { $0.inFlight = 20 }
    #expect(abs((inFlight.secondsLeft ?? .nan) - 40) < 2)
    // 8 steps one after another take 16 s, however many others are done meanwhile.
    let last = figures { $0.inFlight = 90 }
    #expect(abs((last.secondsLeft ?? .nan) - 16) < 0.1)
    #expect(figures { $0.tasksDone = 10 }.secondsLeft == 0)
  }

  @Test func theLimitThatIsReachedFirstEndsTheRun() throws {
    let calls = figures { $0.limits = Limits(calls: 120, seconds: 131) }
    #expect(calls.endsBy == "limits.calls" && abs((calls.secondsLeft ?? .nan) - 20) < 1)
    let seconds = figures { $0.limits = Limits(calls: 200, seconds: 111) }
    #expect(seconds.endsBy == "limits.seconds" && seconds.secondsLeft == 10)
    let cost = figures {
      $0.limits = Limits(tokens: 1_000_000, cost: 2)
      ($0.spentTokens, $0.spentCost) = (1_000, 1.9)
    }
    #expect(cost.endsBy == "limits.cost" && abs((cost.secondsLeft ?? .nan) - 5.3) < 0.5)
    #expect(figures { $0.limits = Limits(calls: 1_000) }.endsBy == nil)
  }
}
