import Agents
import Dialects

/// The questions of one attempt's program, between the gateway that receives them and the episode that answers them.
///
/// Questions that are open at the same time are told apart by what they ask and how often it was asked before, never by
/// their order of arrival, since a program that runs again may ask them in another order.
actor AttemptLine {
  /// A question that waits for its answer.
  struct Asked: Sendable {
    let id: Int
    let question: ModelQuestion
    /// Of the question without what may differ in a replay.
    let digest: String
  }

  /// What the program gets.
  enum Reply: Sendable {
    /// In the dialect of the question.
    case answer(OrderedJSON)
    case refusal(GatewayError)
  }

  /// What the program did next.
  enum Event: Sendable {
    case question(Asked)
    /// It ended, or closed its output and is about to.
    case end
  }

  private struct Entry {
    let asked: Asked
    /// A digest of the body's bytes, by which a client's retry is recognised.
    let body: String
    /// Whether the episode has taken it as its next step.
    var isTaken = false
    var reply: Reply?
    /// Whether a client has received the whole reply.
    var isDelivered = false
    /// The requests that wait for the reply.
    var waiting: [Int: CheckedContinuation<Reply?, Never>] = [:]
    /// The requests that are still connected.
    var connected: Set<Int> = []
  }

  private let comparison: QuestionComparison
  private var entries: [Entry] = []
  /// How many of them have no reply.
  private var unanswered = 0
  /// Every entry before it was taken.
  private var firstUntaken = 0
  private var requests = 0
  private var hasEnded = false
  /// Why no question is answered any more.
  private var refusal: GatewayError?
  private var watchers: [CheckedContinuation<Void, Never>] = []
  /// Answers by id, for questions that continue them (`previous_response_id`).
  private var responses: [String: (body: OrderedJSON, answer: OrderedJSON)] = [:]
  /// What the program was seen to do, for `cox check-environment`.
  private(set) var habits = Habits()

  /// What a program was seen to do.
  struct Habits: Sendable {
    var dialects: Set<ModelDialect> = []
    var isStreaming = false
    var retries = 0
    /// The most questions that were open at the same time.
    var mostOpen = 0
    var models: Set<String> = []
    /// Whether it asked at temperature 0, where attempts do not differ.
    var isGreedy = false
  }

  /// The line of the task, by which probes are told from questions.
  private let input: String

  /// - Parameter input: the line of the task; without one nothing is taken for a probe.
  init(comparison: QuestionComparison, input: String = "") {
    self.comparison = comparison
    self.input = input
  }

  // MARK: - The gateway's side

  /// The words of probes. A short question of an agent's own must not be taken for one, so that it has no others.
  private static let probing: Set<String> = [
    "a", "and", "answer", "are", "hello", "hi", "is", "just", "nothing", "only", "ok", "ping", "please", "pong",
    "reply",
    "respond", "say", "test", "testing", "the", "there", "this", "with", "word", "world", "you",
  ]
  private var probes = 0

  /// Whether a question only tries whether the model is there, before the work begins, such as "Please say 'hello, world'".
  /// A framework asks it, not the agent: it offers no tools, has no word that is not usual there, and none of the task.
  func isProbe(_ question: ModelQuestion) -> Bool {
    guard entries.isEmpty, probes == 0, !input.isEmpty, question.dialect != .text, question.turnCount == 1,
      !question.hasTools,
      question.body["system"] == nil, question.body["instructions"] == nil
    else { return false }
    let words = Self.words(question.news(after: nil))
    guard !words.isEmpty, words.isSubset(of: Self.probing), words.isDisjoint(with: Self.words(input)) else {
      return false
    }
    probes += 1
    return true
  }

  private static func words(_ text: String) -> Set<String> {
    Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
  }

  /// Whether the program has sent anything to the gateway.
  private(set) var hasHeard = false

  func heard() { hasHeard = true }

  /// A request that asks: its question and its own number.
  struct Ticket: Sendable {
    let question: Int
    let request: Int
  }

  /// Takes a question, or recognises a retry of one.
  ///
  /// - Parameters:
  ///   - body: a digest of the body's bytes.
  ///   - isRetry: whether the client says so.
  /// - Throws: ``GatewayError`` if the question continues an answer that the attempt did not get.
  func ask(_ question: ModelQuestion, body: String, isRetry: Bool) throws(GatewayError) -> Ticket {
    requests += 1
    habits.dialects.insert(question.dialect)
    habits.isStreaming = habits.isStreaming || question.isStreaming
    habits.models.insert(question.model)
    // By index, since a copy of an entry copies its dictionaries.
    if let known = entries.indices.last(where: { entries[$0].body == body && isAskedAgain($0, isRetry: isRetry) }) {
      habits.retries += 1
      entries[known].connected.insert(requests)
      return Ticket(question: known, request: requests)
    }
    var whole = question
    if let previous = question.previousResponse {
      guard let known = responses[previous] else {
        throw GatewayError(
          .badRequest,
          "The question continues the response \(previous.clipped(to: 80)), which this attempt did not get.")
      }
      whole = question.expanded(previous: known)
    }
    let asked = Asked(id: entries.count, question: whole, digest: comparison.digest(of: whole))
    entries.append(Entry(asked: asked, body: body, connected: [requests]))
    unanswered += 1
    habits.mostOpen = max(habits.mostOpen, unanswered)
    if question.body["temperature"]?.double == 0 { habits.isGreedy = true }
    if let refusal {
      entries[asked.id].isTaken = true
      reply(to: asked.id, .refusal(refusal))
    }
    wake()
    return Ticket(question: asked.id, request: requests)
  }

  /// Whether a question with the same body is this one asked again: its reply did not arrive, and no client waits for it.
  private func isAskedAgain(_ id: Int, isRetry: Bool) -> Bool {
    isRetry || (!entries[id].isDelivered && entries[id].connected.isEmpty)
  }

  /// Waits for the reply. Nil if the request was closed before.
  func reply(to ticket: Ticket) async -> Reply? {
    if let reply = entries[ticket.question].reply { return reply }
    guard entries[ticket.question].connected.contains(ticket.request) else { return nil }
    return await withCheckedContinuation { entries[ticket.question].waiting[ticket.request] = $0 }
  }

  /// The client has closed its connection.
  func closed(_ ticket: Ticket) {
    entries[ticket.question].connected.remove(ticket.request)
    entries[ticket.question].waiting.removeValue(forKey: ticket.request)?.resume(returning: nil)
  }

  /// The reply was sent, in whole or not.
  func sent(_ ticket: Ticket, isWhole: Bool) {
    entries[ticket.question].connected.remove(ticket.request)
    if isWhole { entries[ticket.question].isDelivered = true }
  }

  // MARK: - The episode's side

  /// The next question that was not taken yet, or the end of the program.
  ///
  /// - Parameters:
  ///   - digest: the question that is expected; nil for whichever is open.
  ///   - later: questions that are expected after it. They may be open already.
  ///   - deadline: how long to wait.
  ///   - patience: how long an expected question may follow one that is not expected at all, before that is returned in
  ///     its place.
  /// - Returns: nil at the deadline, or if the task is cancelled.
  func next(
    expecting digest: String? = nil, later: Set<String> = [], until deadline: ContinuousClock.Instant,
    patience: Duration = .seconds(2)
  ) async -> Event? {
    var seen: ContinuousClock.Instant?
    while !Task.isCancelled {
      while firstUntaken < entries.count, entries[firstUntaken].isTaken { firstUntaken += 1 }
      let open = (firstUntaken..<entries.count).filter { !entries[$0].isTaken }
      // Without an expectation the least digest is taken, since the order of arrival means nothing.
      let place =
        if let digest {
          open.first { entries[$0].asked.digest == digest }
        } else {
          open.min { entries[$0].asked.digest < entries[$1].asked.digest }
        }
      if let place {
        entries[place].isTaken = true
        return .question(entries[place].asked)
      }
      var limit = deadline
      if let other = open.first(where: { !later.contains(entries[$0].asked.digest) }) {
        let first = seen ?? .now
        seen = first
        limit = min(limit, first + patience)
        if limit <= .now {
          entries[other].isTaken = true
          return .question(entries[other].asked)
        }
      }
      if hasEnded, open.isEmpty { return .end }
      if limit <= .now { return nil }
      await change(before: limit)
    }
    return nil
  }

  /// Answers a question that was taken, in its own dialect.
  func answer(_ id: Int, _ answer: ModelAnswer) {
    let question = entries[id].asked.question
    let json: OrderedJSON
    do throws(UnreadableAnswerError) { json = try question.answer(answer.body, inDialect: answer.dialect) } catch {
      return reply(to: id, .refusal(GatewayError(.failed, "\(error)")))
    }
    if question.dialect == .responses, let name = json["id"]?.text { responses[name] = (question.body, json) }
    reply(to: id, .answer(json))
  }

  private func reply(to id: Int, _ reply: Reply) {
    guard entries[id].reply == nil else { return }
    unanswered -= 1
    entries[id].reply = reply
    for waiting in entries[id].waiting.values { waiting.resume(returning: reply) }
    entries[id].waiting = [:]
  }

  /// How far the attempt is, for the program's own tools: how many questions are answered, and a digest of the answers. A
  /// replay has the same digest as the attempt had, whatever the order of questions that are open at the same time.
  var progress: OrderedJSON {
    let answers = entries.compactMap { entry -> String? in
      guard case .answer(let answer)? = entry.reply else { return nil }
      return entry.asked.digest + " " + answer.json
    }
    var digest = Digest()
    for answer in answers.sorted() { digest.add(answer) }
    return ["answered": .integer(answers.count), "past": .text(digest.text)]
  }

  /// Refuses every open and every later question.
  func end(_ error: GatewayError) {
    refusal = error
    for id in entries.indices {
      entries[id].isTaken = true
      reply(to: id, .refusal(error))
    }
    wake()
  }

  /// The program has ended. Nobody waits for an answer any more.
  func programEnded() {
    hasEnded = true
    for id in entries.indices { entries[id].isTaken = true }
    wake()
  }

  // MARK: - Waiting

  private func wake() {
    for watcher in watchers { watcher.resume() }
    watchers = []
  }

  private func change(before limit: ContinuousClock.Instant) async {
    let timer = Task {
      // A cancelled timer must not wake those who wait for something else.
      do { try await Task.sleep(until: limit) } catch { return }
      self.wake()
    }
    defer { timer.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { watchers.append($0) }
    } onCancel: {
      Task { await self.wake() }
    }
  }
}

/// Why the gateway refuses a request.
struct GatewayError: Error, Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case badRequest, unauthorized, notFound, tooLarge, tooManyCalls, failed

    var status: Int {
      switch self {
      case .badRequest: 400
      case .unauthorized: 401
      case .notFound: 404
      case .tooLarge: 413
      case .tooManyCalls: 429
      case .failed: 500
      }
    }
  }

  let kind: Kind
  let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
