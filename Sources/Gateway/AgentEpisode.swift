import Agents
import Dialects
import Foundation
import WorldKit

/// One attempt of an agent's program.
///
/// An episode is its task and the answers so far. The program is a faster way to go on: another episode may take its
/// place, and the next step then starts it again and answers its first questions from the record.
actor AgentEpisode: QuestionEpisode {
  private struct Past {
    let asked: AskedQuestion
    let answer: ModelAnswer
  }

  private let world: AgentWorld
  private let task: AgentTask
  private let ticket: Seating.Ticket
  /// The questions that were answered.
  private var past: [Past] = []
  /// The question that waits.
  private var current: (question: ModelQuestion, asked: AskedQuestion)?
  private var program: AgentProgram?
  /// The open question's number in the program's line.
  private var open: Int?
  /// The sum of the rewards paid so far.
  private var paid = 0.0
  private var mismatches = 0
  private var keepsDivergences = false
  private var isClosed = false
  /// How often it got a place.
  private var uses = 0
  /// What the last program was seen to do.
  private(set) var habits = AttemptLine.Habits()

  init(_ world: AgentWorld, _ task: AgentTask, ticket: Seating.Ticket) {
    (self.world, self.task, self.ticket) = (world, task, ticket)
  }

  /// An episode that has taken the steps of a trajectory, without a program yet.
  init(_ world: AgentWorld, after trajectory: Trajectory, ticket: Seating.Ticket) throws(WorldError) {
    let asked = try trajectory.askedQuestions()
    guard asked.count == trajectory.count + 1 else { throw Trajectory.withoutQuestions }
    (self.world, task, self.ticket) = (world, trajectory.task, ticket)
    past = zip(asked.enumerated().map { ($0.offset, $0.element) }, trajectory.steps).map {
      Past(asked: $0.1, answer: ModelAnswer($1.action, number: $0.0))
    }
    current = (try trajectory.openQuestion(), asked[asked.count - 1])
    paid = trajectory.reward
  }

  var recoveryMismatches: Int { mismatches }

  var openQuestion: ModelQuestion? { current?.question }

  // MARK: - Steps

  /// Starts the program and waits for its first question.
  func open() async throws(WorldError) -> Observation {
    try await seated { () async throws(WorldError) in
      let program = try await self.start()
      switch await program.line.next(until: self.deadline) {
      case .question(let asked)?:
        self.open = asked.id
        return try await self.observation(of: asked)
      case .end?:
        throw WorldError(
          .unavailable,
          """
          The program \(await program.end.description)\
          \(await program.line.hasHeard ? "" : Self.silenceAdvice)
          """)
      case nil: throw await self.silence(of: program)
      }
    }
  }

  private static let silenceAdvice =
    " It asked no model. Does it use OPENAI_BASE_URL or ANTHROPIC_BASE_URL, which the gateway sets?"

  /// Starts the program again, and answers as before.
  func reopen(keepsDivergences: Bool) async throws(WorldError) {
    self.keepsDivergences = keepsDivergences
    try await seated { () async throws(WorldError) in try await self.replay() }
  }

  /// Starts a program again that was put away. As a clone is, it is tried three times.
  private func replayRepeatedly() async throws(WorldError) {
    for attempt in 1...3 {
      do throws(WorldError) { return try await replay() } catch {
        guard error.kind == .diverged, attempt < 3 else { throw error }
        await putAway()
      }
    }
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    let answer = ModelAnswer(action, number: past.count)
    return try await seated { () async throws(WorldError) in
      if self.program == nil { try await self.replayRepeatedly() }
      guard let program = self.program, let open = self.open, let current = self.current else {
        throw WorldError(.unavailable, "The program of this attempt has ended.")
      }
      await program.line.answer(open, answer)
      self.past.append(Past(asked: current.asked, answer: answer))
      self.open = nil
      return try await self.next(of: program)
    }
  }

  /// The next question, or the end.
  private func next(of program: AgentProgram) async throws(WorldError) -> Outcome {
    switch await program.line.next(until: deadline) {
    case .question(let asked)?:
      guard past.count < task.stepLimit else {
        await program.line.end(
          GatewayError(.tooManyCalls, "An attempt makes at most \(task.stepLimit) calls (environment.calls)."))
        return try await finish(program)
      }
      open = asked.id
      await program.settle()
      let reward = program.printed.partial - paid
      paid += reward
      return Outcome(try await observation(of: asked), reward: reward)
    case .end?: return try await finish(program)
    case nil: throw await silence(of: program)
    }
  }

  private var deadline: ContinuousClock.Instant { .now + .seconds(world.settings.timeout) }

  private func observation(of asked: AttemptLine.Asked) async throws(WorldError) -> Observation {
    let previous = current?.question
    let said = past.last.map { Readable.answer($0.answer.body, $0.answer.dialect) } ?? ""
    var observation = Observation(asked.question.news(after: previous, answer: said))
    let stored = try AskedQuestion(asked.question, digest: asked.digest, after: previous)
    observation.question = stored
    current = (asked.question, stored)
    return observation
  }

  private func silence(of program: AgentProgram) async -> WorldError {
    if Task.isCancelled { return WorldError(.cancelled, "The run was stopped while it waited for a program.") }
    return WorldError(
      .unavailable,
      "The program neither asked nor ended within \(world.settings.timeout) s (environment.timeout).")
  }

  /// Waits for the end and reads the score.
  private func finish(_ program: AgentProgram) async throws(WorldError) -> Outcome {
    let late = Task { [timeout = world.settings.timeout] in
      try await Task.sleep(for: .seconds(timeout))
      await program.stop()
    }
    let end = await program.end
    late.cancel()
    if Task.isCancelled { throw WorldError(.cancelled, "The run was stopped while it waited for a program.") }
    let total = try await ScoreReader(world: world, task: task).reward(of: program, end)
    return Outcome(
      Observation("The program \(end.description)"), reward: total - paid, isDone: true)
  }

  // MARK: - The program

  private func start() async throws(WorldError) -> AgentProgram {
    let program = try await world.start(task, replaying: past.count)
    self.program = program
    return program
  }

  private func replay() async throws(WorldError) {
    let program = try await start()
    let comparison = world.comparison
    var questions: [ModelQuestion] = []
    for asked in past.map(\.asked) + (current.map { [$0.asked] } ?? []) {
      questions.append(try asked.question(after: questions.last))
    }
    // Not those that are stored: the patterns of what may differ may have changed since.
    let digests = questions.map(comparison.digest)
    for (number, question) in questions.enumerated() {
      let later = Set(digests[(number + 1)...])
      switch await program.line.next(expecting: digests[number], later: later, until: deadline) {
      case .question(let found)?:
        if found.digest != digests[number] {
          mismatches += 1
          guard keepsDivergences else { throw divergence(at: number, question, found.question) }
        }
        if number < past.count {
          await program.line.answer(found.id, past[number].answer)
        } else {
          self.open = found.id
        }
      case .end?:
        throw WorldError(
          .diverged,
          """
          Started again with the same answers, the program \(await program.end.description) It had asked question \
          \(number + 1) there.
          """)
      case nil: throw await silence(of: program)
      }
    }
    try await checkPayments(of: program)
  }

  /// What the program has paid so far must reach what it had paid. A line that came late then counts with the next step.
  private func checkPayments(of program: AgentProgram) async throws(WorldError) {
    let limit = ContinuousClock.now + .seconds(2)
    while program.printed.partial < paid - 1e-6, .now < limit, !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(10))
    }
    let partial = program.printed.partial
    guard partial >= paid - 1e-6 || keepsDivergences else {
      throw WorldError(
        .diverged, "Started again with the same answers, the program paid \(partial) where it had paid \(paid).")
    }
  }

  private func divergence(at number: Int, _ recorded: ModelQuestion, _ replayed: ModelQuestion) -> WorldError {
    let difference = world.comparison.difference(recorded: recorded, replayed: replayed)
    let advice =
      difference?.suggestion.map { pattern in
        let quoted = pattern.replacing("'", with: "''")
        return " environment.ignore: ['\(quoted)'] would leave that out."
      } ?? ""
    return WorldError(
      .diverged,
      """
      Started again with the same answers, the program asked another question \(number + 1)\
      \(difference.map { ", at \($0.path):\n\($0.diff)\n" } ?? ".")\(advice)
      """)
  }

  /// Gives the place to another episode, unless it got one again meanwhile.
  func putAway(after uses: Int) async {
    if uses == self.uses { await putAway() }
  }

  /// Ends the program. The next step starts it again.
  func putAway() async {
    let program = self.program
    (self.program, open) = (nil, nil)
    if let program { habits = await program.line.habits }
    await program?.stop()
  }

  func close() async {
    guard !isClosed else { return }
    isClosed = true
    await putAway()
    await world.seats.close(ticket)
  }

  /// Runs `body` in a place of its own. After an error, or the end of the attempt, the place is free for others.
  private func seated<T: Sendable>(
    _ body: () async throws(WorldError) -> T
  ) async throws(WorldError) -> T {
    let (number, evicted) = try await world.seats.enter(ticket, self)
    uses = number
    if let evicted { await evicted.episode.putAway(after: evicted.uses) }
    do {
      let value = try await body()
      if let outcome = value as? Outcome, outcome.isDone {
        await putAway()
        await world.seats.close(ticket)
      } else {
        await world.seats.leave(ticket)
      }
      return value
    } catch {
      await putAway()
      await world.seats.close(ticket)
      throw error
    }
  }
}
