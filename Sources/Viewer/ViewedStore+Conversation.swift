import Agents
import Dialects
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Steering

extension ViewedStore {
  /// A trajectory with what is known of the calls that led to it.
  private struct Told {
    let task: AgentTask
    let document: TaskDocument
    let attempt: AttemptDocument
    let trajectory: Trajectory
    /// Where the call of each step is.
    let places: [(particle: Int, step: Int)?]
    let calls: [StoredCall?]
    let values: [Int: Double]
    /// Whether observations and rewards are stored.
    let isKnown: Bool
  }

  func conversation(_ query: Query) async throws -> ConversationDocument {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let told = try await told(query, sums, store)
    let record = sums.run.record
    let pricing = sums.figures?.progress.pricing
    let seen = told.isKnown ? [] : try await store.observations(before: told.calls.compactMap(\.self))
    var paid = 0.0
    let steps = told.trajectory.steps.enumerated().map { number, step in
      paid += step.outcome.reward
      return StepDocument(
        number + 1, step, format: record.format, isConversation: record.environment.isConversation, paid: paid,
        value: told.values[number + 1], call: told.calls[number], pricing: pricing, isKnown: told.isKnown,
        seen: seen.indices.contains(number + 1) ? seen[number + 1] : nil)
    }
    let opening = told.trajectory.opening
    let words = opening.text.isEmpty ? seen.first ?? nil : opening.text
    let calls = told.calls.compactMap(\.self)
    let usage = calls.reduce(into: Usage()) { $0 += $1.answer.response.usage }
    return ConversationDocument(
      run: record.id, task: told.document, attempt: told.attempt, isConversation: record.environment.isConversation,
      opening: words.map { visible($0.replacing("\r\n", with: "\n"), keepingLayout: true) },
      choices: opening.choices.map { $0.prefix(200).map { visible($0) } }, value: told.values[0], steps: steps,
      calls: calls.count, tokens: TokensDocument(usage), seconds: calls.reduce(0) { $0 + $1.answer.seconds },
      cost: pricing.flatMap { $0.isFree ? nil : $0.cost(of: usage) })
  }

  private func told(_ query: Query, _ sums: RunSums, _ store: RolloutStore) async throws -> Told {
    let (task, document) = try await task(query, sums, store)
    let record = sums.run.record
    let (particle, standing) = (try query.number("particle"), try query.text("standing"))
    if standing == "running" {
      if let attempt = try await store.runningAttempts(of: task, in: record).first(where: { $0.particle == particle }) {
        return Told(
          task: task, document: document, attempt: AttemptDocument(attempt), trajectory: attempt.trajectory,
          places: attempt.calls.map { ($0.answer.key.particle, $0.answer.key.step) }, calls: attempt.calls,
          values: attempt.values, isKnown: attempt.hasOutcomes)
      }
      // It has ended since the page was shown.
    }
    let ended = standing == "running" ? .final : TrajectoryRecord.Standing(rawValue: standing)
    guard let ended else { throw ViewerProblem.badRequest("No trajectory is \(standing.prefix(40)).") }
    guard
      let found = try await store.trajectory(run: record.id, task: task.id, particle: particle, standing: ended)
    else {
      throw ViewerProblem.notFound("\(task.id) has no trajectory of particle \(particle) that is \(ended.rawValue).")
    }
    let (places, values) = try await origins(of: found, in: record, store)
    var calls = try await store.calls(run: record.id, task: task.id, at: places.map { $0 ?? (-1, -1) })
    calls += Array(repeating: nil, count: max(found.trajectory.count - calls.count, 0))
    let row = AttemptRow(
      task: task.id, particle: found.particle, standing: found.standing, steps: found.trajectory.count,
      reward: found.trajectory.reward, isDone: found.trajectory.isDone, logWeight: found.logWeight,
      failure: found.failure)
    return Told(
      task: task, document: document, attempt: AttemptDocument(row), trajectory: found.trajectory, places: places,
      calls: calls, values: values, isKnown: true)
  }

  /// Where the calls of a stored trajectory are, and the critic's values.
  private func origins(
    of record: TrajectoryRecord, in run: RunRecord, _ store: RolloutStore
  ) async throws -> (places: [(particle: Int, step: Int)?], values: [Int: Double]) {
    let task = record.trajectory.task.id
    if let tree = try await store.tree(run: run.id, task: task) {
      let path = tree.path(along: record.trajectory.steps, children: tree.children)
      let values = tree.values(of: path)
      guard let last = path.last else { return ([], values) }
      return (tree.places(of: last), values)
    }
    let lineage = Lineage(of: record, in: try await store.genealogy(run: run.id, task: task))
    return ((0..<record.trajectory.count).map { (lineage.place(atStep: $0), $0) }, lineage.values)
  }

  // MARK: - Prompts

  func prompt(_ query: Query) async throws -> PromptDocument {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let told = try await told(query, sums, store)
    let step = try query.number("step")
    let record = sums.run.record
    guard (1...max(told.trajectory.count, 1)).contains(step), told.places.indices.contains(step - 1),
      let place = told.places[step - 1]
    else { return PromptDocument(parts: [], note: "The call of this step is not stored.") }
    if record.environment.isConversation {
      let outcomes = try await store.outcomes(run: record.id, task: told.task.id)
      return Self.question(told.places.prefix(step).map { $0 ?? (0, 0) }, outcomes)
    }
    let key = CallKey(run: record.id, task: told.task.id, particle: place.particle, step: place.step)
    guard let parts = try await store.prompt(of: key) else {
      let note =
        told.calls[step - 1] == nil
        ? "The call of this step is not stored: its answer was shared, or computed without a model."
        : "An older version stored this call, without its prompt."
      return PromptDocument(parts: [], note: note)
    }
    return PromptDocument(
      parts: parts.map { .init(role: $0.role.rawValue, text: visible($0.text, keepingLayout: true)) }, note: nil)
  }

  /// The question of an agent's own program at the last of some places, put together from those before it.
  private static func question(_ places: [(particle: Int, step: Int)], _ outcomes: [OutcomeRecord]) -> PromptDocument {
    var question: ModelQuestion?
    for place in places {
      // The opening is shared by all.
      let particle = place.step == 0 ? 0 : place.particle
      guard
        let asked = outcomes.first(where: { $0.key.particle == particle && $0.key.step == place.step })?
          .outcome.observation.question,
        let next = try? asked.question(after: question)
      else { return PromptDocument(parts: [], note: "The question of this step is not stored.") }
      question = next
    }
    guard let question else { return PromptDocument(parts: [], note: "The question of this step is not stored.") }
    return PromptDocument(parts: parts(of: question.body), note: nil)
  }

  /// Messages one by one, and everything else as it was sent.
  private static func parts(of body: OrderedJSON) -> [PromptDocument.Part] {
    var parts: [PromptDocument.Part] = []
    for member in body.members ?? [] {
      if ["messages", "input"].contains(member.key), let messages = member.value.items {
        for message in messages {
          let role = message["role"]?.text ?? message["type"]?.text ?? member.key
          let text = message["content"]?.text
          let isPlain = text != nil && message.members?.count == 2
          let shown = isPlain ? text ?? "" : message.json
          parts.append(.init(role: visible(role), text: visible(shown, keepingLayout: true)))
        }
      } else {
        parts.append(
          .init(role: visible(member.key), text: visible(member.value.text ?? member.value.json, keepingLayout: true)))
      }
    }
    return parts
  }
}

extension SearchTree {
  /// The states that some steps lead through, the root first.
  ///
  /// - Parameter children: ``SearchTree/children``, which many paths share.
  func path(along steps: [Step], children: [[Int]]) -> [Int] {
    guard !nodes.isEmpty else { return [] }
    var (path, paid) = ([0], 0.0)
    for step in steps {
      paid += step.outcome.reward
      let next = children[path[path.count - 1]].first {
        nodes[$0].action == step.action.text && abs(nodes[$0].reward - paid) < 1e-9
      }
      guard let next else { break }
      path.append(next)
    }
    return path
  }
}
