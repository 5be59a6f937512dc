import Agents
import Testing

@testable import Arithmetic

@Suite("Arithmetic, line by line")
struct ArithmeticTests {
  static func world(
    _ form: ProblemForm = .standard, seed: UInt64 = 1, _ splits: [Split: [Int]] = [.train: [0, 1, 2], .test: [5]]
  ) throws -> Arithmetic {
    try Arithmetic(form: form, seed: seed, splits: try TaskSplits(splits))
  }

  static func outcomes(_ answers: [String], of problem: Problem) throws -> [Outcome] {
    var episode = ArithmeticEpisode(problem: problem)
    return try answers.map { try episode.step(.act($0)) }
  }

  static let problem = Problem(start: 7, operands: [.init(.add, 4), .init(.subtract, 3), .init(.multiply, 2)])

  @Test("The next line begins with what the agent made of the one before; the last is paid for")
  func lines() throws {
    #expect(Self.problem.results == [11, 8, 16] && Self.problem.answer == 16)
    #expect(Self.problem.request == "Start with 7. Add 4. Subtract 3. Multiply by 2.")
    #expect(Self.problem.stem(0, after: nil) == "First, 7 + 4 =")
    let right = try Self.outcomes(["11", " 8.", "8 * 2 = 16"], of: Self.problem)
    #expect(right.map(\.observation.text) == ["Then 11 - 3 =", "Then 8 * 2 =", "The answer is noted."])
    #expect(right.map(\.reward) == [0, 0, 1] && right.map(\.isDone) == [false, false, true])
    let slip = try Self.outcomes(["12", "9", "18"], of: Self.problem)
    #expect(slip.map(\.observation.text) == ["Then 12 - 3 =", "Then 9 * 2 =", "The answer is noted."])
    #expect(slip.map(\.reward) == [0, 0, 0] && !slip.contains(where: \.isInvalid))
    // Two slips that cancel out reach the right answer.
    #expect(try Self.outcomes(["12", "8", "16"], of: Self.problem).last?.reward == 1)
    #expect(try Self.outcomes(["-2", "-5", "16"], of: Self.problem)[0].observation.text == "Then -2 - 3 =")
  }

  @Test(
    "A line without a result ends the attempt",
    arguments: [
      "", "eleven", "11 apples", "= ", "+11", "1 1", "1.5", "99999999999999999999", "1000000", "-9223372036854775808",
      "١١", "\n11", "7 + 4",
    ])
  func noResult(answer: String) throws {
    var episode = ArithmeticEpisode(problem: Self.problem)
    let outcome = try episode.step(.act(answer))
    #expect(outcome.isInvalid && outcome.isDone && outcome.reward == 0)
    #expect(outcome.observation.text.contains("whole number"))
    #expect(throws: WorldError.self) { try episode.step(.act("11")) }
    var other = ArithmeticEpisode(problem: Self.problem)
    #expect(try other.step(.unparsable("11")).isInvalid)
  }

  @Test func aForkIsACopy() throws {
    var episode = ArithmeticEpisode(problem: Self.problem)
    _ = try episode.step(.act("11"))
    var fork = try #require(episode.fork() as? ArithmeticEpisode)
    #expect(try fork.step(.act("0")).observation.text == "Then 0 * 2 =")
    #expect(try episode.step(.act("8")).observation.text == "Then 8 * 2 =")
    #expect(try fork.step(.act("0")).reward == 0)
    #expect(try episode.step(.act("16")).reward == 1)
  }

  @Test("The expert's lines earn the reward, on every form")
  func expert() async throws {
    for (form, seed) in [
      (ProblemForm.standard, 1), (ProblemForm(terms: 6, numbers: 0...99, operations: [.multiply, .subtract]), 2),
      (ProblemForm(terms: 2, numbers: 3...12, operations: Problem.Operation.allCases), 3),
    ] as [(ProblemForm, UInt64)] {
      let world = try Self.world(form, seed: seed, [.test: Array(0..<60)])
      for task in world.tasks(in: .test) {
        var (episode, opening) = try world.begin(task)
        #expect(opening.text.hasPrefix("First, "))
        let lines = try #require(try world.solution(of: task))
        #expect(lines.count == task.stepLimit && task.stepLimit == form.terms - 1)
        var outcomes: [Outcome] = []
        for line in lines { outcomes.append(try await episode.step(.act(line))) }
        #expect(outcomes.map(\.reward).reduce(0, +) == world.maximalReward && outcomes.last?.isDone == true)
      }
    }
  }

  @Test("The prompt is three worked problems, which are no tasks, and the working so far")
  func prompt() throws {
    let world = try Self.world()
    let task = try world.task("5")
    var trajectory = Trajectory(task: task, opening: try world.begin(task).observation)
    // Pinned. Another prompt would be another prior, and published measurements belong to this one.
    #expect(
      world.transcript(for: trajectory).joined() == """
        Work out each sum one step at a time.

        First, 8 + 6 = 14
        Then 14 + 2 = 16
        Then 16 + 5 = 21
        First, 7 + 6 = 13
        Then 13 + 2 = 15
        Then 15 + 6 = 21
        First, 8 + 4 = 12
        Then 12 + 7 = 19
        Then 19 + 3 = 22
        First, 7 + 9 =
        """)
    trajectory.append(
      Step(response: "11", action: .act("11"), outcome: Outcome(Observation("Then 11 + 2 ="))))
    #expect(world.transcript(for: trajectory).joined().hasSuffix("= 11\nThen 11 + 2 ="))
    #expect(try Arithmetic.prompting(for: .standard) == world.prompting)
  }

  @Test func aTaskIsTheSameOnEveryMachine() throws {
    let world = try Self.world()
    let task = try #require(world.tasks(in: .test).first)
    #expect(task.id == "sum-1-5" && task.stepLimit == 3)
    #expect(try world.task("5") == task && world.task("sum-1-5") == task)
    // Pinned. Ids in stores and reports refer to this problem.
    #expect(task.request == "Start with 7. Add 9. Add 8. Add 5.")
  }

  @Test("Every number is another problem, and none is worked in the prompt")
  func sequence() throws {
    let form = ProblemForm(terms: 3, numbers: 2...5, operations: [.add, .subtract])
    for seed in 0..<20 as Range<UInt64> {
      let sequence = ProblemSequence(form: form, seed: seed)
      let problems = (0..<sequence.count).map(sequence.problem)
      #expect(Set(problems).count == sequence.count && sequence.worked.count == 3)
      #expect(Set(problems).isDisjoint(with: sequence.worked))
      #expect(problems.allSatisfy { $0.results.allSatisfy { (0...ProblemForm.largestResult).contains($0) } })
      #expect(sequence.worked == ProblemSequence(form: form, seed: 99).worked)
    }
  }

  @Test("Counting the problems and listing them come to the same")
  func counting() {
    for form in [
      ProblemForm(terms: 3, numbers: 0...6, operations: Problem.Operation.allCases),
      ProblemForm(terms: 2, numbers: 90...99, operations: [.multiply, .subtract]),
    ] {
      var listed: Set<Problem> = []
      func extend(_ problem: Problem) {
        guard problem.operands.count < form.terms - 1 else {
          listed.insert(problem)
          return
        }
        for operation in form.operations {
          for number in form.numbers {
            let longer = Problem(start: problem.start, operands: problem.operands + [.init(operation, number)])
            if (0...ProblemForm.largestResult).contains(longer.answer) { extend(longer) }
          }
        }
      }
      for start in form.numbers { extend(Problem(start: start, operands: [])) }
      let space = ProblemSpace(form)
      #expect(space.count == listed.count)
      #expect(Set((0..<space.count).map { space[$0] }) == listed)
    }
    #expect(ProblemSpace(.standard).count == 4_096)
    // The largest possible form does not overflow.
    #expect(
      ProblemSpace(ProblemForm(terms: 6, numbers: 0...99, operations: Problem.Operation.allCases)).count > 1_000_000_000
    )
  }

  @Test(
    "What cannot be asked is refused",
    arguments: [
      (1, 2...9, [Problem.Operation.add], "environment.terms"), (7, 2...9, [.add], "environment.terms"),
      (3, -1...9, [.add], "environment.numbers"), (3, 0...100, [.add], "environment.numbers"),
      (3, 0...9, [], "environment.operations"), (3, 0...9, [.add, .add], "environment.operations"),
      (2, 1...1, [.add], "none is left"),
    ] as [(Int, ClosedRange<Int>, [Problem.Operation], String)])
  func refused(terms: Int, numbers: ClosedRange<Int>, operations: [Problem.Operation], words: String) {
    let form = ProblemForm(terms: terms, numbers: numbers, operations: operations)
    let error = #expect(throws: WorldError.self) { try Self.world(form, [:]) }
    #expect(error?.kind == .misconfigured && error?.message.contains(words) == true)
  }

  @Test func numbersPastTheLastAndUnknownTasksAreRefused() throws {
    #expect(throws: WorldError.self) { try Self.world(.standard, [.test: [4_093]]) }
    let world = try Self.world(.standard, [.test: [4_092]])
    #expect(world.tasks(in: .test).count == 1)
    for id: TaskID in ["sum-2-1", "x", "-1", "sum-1-4093", ""] {
      #expect(throws: WorldError.self) { try world.task(id) }
    }
  }

  @Test func theIdentityIsTheFormAndThePromptAndNotTheTasks() throws {
    #expect(try Self.world(seed: 1).identity == Self.world(seed: 2, [:]).identity)
    #expect(try Self.world().identity.rules.hasPrefix("4 terms of 2...9, add; prompt "))
    let harder = ProblemForm(terms: 4, numbers: 2...19, operations: [.add])
    #expect(try Self.world(harder).identity != Self.world().identity)
  }
}
