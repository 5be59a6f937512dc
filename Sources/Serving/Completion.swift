import Agents
import Dialects
import Foundation
import Steering
import Workbench

/// The answer to a task as a response of OpenAI's API.
struct Completion: Sendable {
  let question: ModelQuestion
  /// Whether the messages of the chosen attempt are wanted.
  let wantsMessages: Bool
  let flight: TaskFlight
  let settings: SteeringSettings
  /// Seconds since 1970.
  let created = Int(Date.now.timeIntervalSince1970)

  /// The model's name that was asked for.
  var model: String { question.model.isEmpty ? Self.standardModel : question.model }
  static let standardModel = "coxswain"

  /// The same for the same task and run.
  var id: String {
    var digest = Digest()
    digest.add(flight.run, flight.task.id.rawValue)
    return (question.dialect == .responses ? "resp_" : "chatcmpl-") + digest.text
  }

  /// The whole response, with the sum of the population's tokens as its usage.
  func body(_ landing: TaskFlight.Landing) -> OrderedJSON {
    let answer = NeutralAnswer(parts: [.text(landing.chosen.answer ?? "")], usage: landing.progress.usage)
    var body = answer.json(in: question.dialect, model: model, id: id, created: created)
    body.set("coxswain", details(landing))
    return body
  }

  /// What OpenAI's API has no place for.
  private func details(_ landing: TaskFlight.Landing) -> OrderedJSON {
    var details: OrderedJSON = [
      "task": .text(flight.task.id.rawValue), "run": .text(flight.run),
      "method": .text(settings.method.rawValue), "particles": .integer(settings.particles),
    ]
    details.set("answerKind", ifGiven: landing.chosen.kind.map { .text($0.rawValue) })
    details.set("selectedBy", ifGiven: landing.chosen.selectedBy.map { .text($0.rawValue) })
    details.set("reward", ifGiven: landing.chosen.reward.map(OrderedJSON.number))
    details.set("calls", .integer(landing.progress.calls))
    details.set("storedCalls", .integer(landing.progress.storedCalls))
    details.set("cost", .number(landing.cost))
    details.set("failedAttempts", .integer(landing.failedAttempts.count))
    if wantsMessages { details.set("messages", .list((landing.chosen.messages ?? []).map { OrderedJSON($0) })) }
    details.set("seconds", .number((landing.seconds * 1_000).rounded() / 1_000))
    return details
  }

  // MARK: - Streams

  /// What a stream begins with.
  var opening: String { question.dialect == .chat ? chunk(["role": "assistant", "content": ""]) : ": begun\n\n" }

  /// What a stream says on the way: in chat as thoughts, which clients show or ignore; elsewhere as a comment.
  func text(of progress: TaskFlight.Progress) -> String {
    let stored = progress.storedCalls > 0 ? ", \(progress.storedCalls) of them stored" : ""
    let words = """
      step \(progress.steps) of at most \(flight.task.stepLimit), \(progress.calls) calls\(stored), \
      \(progress.usage.inputTokens) tokens in, \(progress.usage.outputTokens) out
      """
    return question.dialect == .chat ? chunk(["reasoning_content": .text(words + "\n")]) : ": \(words)\n\n"
  }

  /// What keeps a stream alive.
  static let sign = ": waiting\n\n"

  /// The answer as the end of a stream. In chat ``details(_:)`` is in the chunk before the last.
  func ending(_ landing: TaskFlight.Landing) -> String {
    var body = body(landing)
    guard question.dialect == .chat else { return question.events(of: body).map(\.text).joined() }
    let details = body.remove("coxswain")
    var events = question.events(of: body)
    // The opening was sent already.
    events.removeFirst()
    if let last = events.lastIndex(where: { $0.data != "[DONE]" }), var chunk = OrderedJSON(parsing: events[last].data)
    {
      chunk.set("coxswain", details ?? .null)
      events[last] = StreamEvent(data: chunk.json)
    }
    return events.map(\.text).joined()
  }

  private func chunk(_ delta: OrderedJSON) -> String {
    let chunk: OrderedJSON = [
      "id": .text(id), "object": "chat.completion.chunk", "created": .integer(created), "model": .text(model),
      "choices": [["index": 0, "delta": delta, "logprobs": .null, "finish_reason": .null]],
    ]
    return StreamEvent(data: chunk.json).text
  }
}
