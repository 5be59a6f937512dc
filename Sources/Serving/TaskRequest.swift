import Agents
import Dialects
import Workbench

/// A request of a client: which task it wants done. Its text is not trusted.
struct TaskRequest: Sendable {
  /// The request as it was sent.
  let question: ModelQuestion
  let wish: TaskWish
  /// The seed of the population; nil for the server's.
  let seed: UInt64?
  /// Whether the answer has the messages of the chosen attempt.
  let wantsMessages: Bool

  /// - Throws: `badRequest` that names what is wrong or not possible.
  init(_ bytes: [UInt8], in dialect: ModelDialect) throws(ServingError) {
    guard let body = OrderedJSON(parsing: String(decoding: bytes, as: UTF8.self)), body.members != nil else {
      throw ServingError(.badRequest, "The body of the request is not a JSON object.")
    }
    question = ModelQuestion(dialect: dialect, body: body)
    if let n = body["n"], !n.isNull, n.integer != 1 {
      throw ServingError(
        .badRequest,
        """
        n is \(n.json.clipped(to: 40)). A request is one task, which has one answer: the best of its population. Leave n \
        out.
        """, param: "n")
    }
    let request: NeutralRequest
    do throws(UntranslatableError) { request = try NeutralRequest(question.withoutNames) } catch {
      throw ServingError(.badRequest, "The request has \(error.feature), which a task cannot take.")
    }
    try Self.check(request)
    seed = try Self.seed(body["seed"])
    wish = try Self.wish(body["metadata"], request)
    let messages = body["metadata"]?["messages"]
    wantsMessages = messages?.flag ?? (messages?.text == "true")
  }

  /// Refuses what would change the answer and is not the client's to say: the agent is the server's.
  private static func check(_ request: NeutralRequest) throws(ServingError) {
    func refuse(_ param: String, _ what: String) -> ServingError {
      ServingError(
        .badRequest, "\(what) not possible here: a request is a task, which the server's agent does.", param: param)
    }
    if !request.tools.isEmpty { throw refuse("tools", "Tools of the client are") }
    switch request.toolChoice {
    case .required, .named: throw refuse("tool_choice", "Tools of the client are")
    case .auto, ToolChoice.none?, nil: break
    }
    switch request.format {
    case .jsonObject, .schema: throw refuse("response_format", "Another format than text is")
    case .text, nil: break
    }
    if !request.stop.isEmpty { throw refuse("stop", "Stop sequences are") }
    if request.logProbabilities { throw refuse("logprobs", "Log-probabilities are") }
  }

  private typealias ToolChoice = NeutralRequest.ToolChoice

  private static func seed(_ given: OrderedJSON?) throws(ServingError) -> UInt64? {
    guard let given, !given.isNull else { return nil }
    guard let seed = given.integer, seed >= 0 else {
      throw ServingError(
        .badRequest, "seed is \(given.json.clipped(to: 40)); it is a whole number of at least 0.", param: "seed")
    }
    return UInt64(seed)
  }

  private static func wish(_ metadata: OrderedJSON?, _ request: NeutralRequest) throws(ServingError) -> TaskWish {
    if let metadata, !metadata.isNull, metadata.members == nil {
      throw ServingError(.badRequest, "metadata is no JSON object.", param: "metadata")
    }
    func text(_ key: String) throws(ServingError) -> String? {
      guard let value = metadata?[key], !value.isNull else { return nil }
      guard let text = value.text ?? value.integer.map(String.init), !text.isEmpty else {
        throw ServingError(
          .badRequest, "metadata.\(key) is \(value.json.clipped(to: 40)); it is a text.", param: "metadata.\(key)")
      }
      return text
    }
    let split = try text("split").map { name throws(ServingError) in
      guard let split = Split(rawValue: name) else {
        throw ServingError(
          .badRequest, "metadata.split is \(name.clipped(to: 40)); it is train, validation or test.",
          param: "metadata.split")
      }
      return split
    }
    let name = try text("task")
    if name != nil || split != nil { return .named(name, split: split) }
    if let description = try text("description") { return .described(description) }
    return .described(try lastWords(of: request))
  }

  /// The text of the last message of the user.
  private static func lastWords(of request: NeutralRequest) throws(ServingError) -> String {
    let last = request.turns.reversed().lazy.compactMap { turn -> [ContentPart]? in
      if case .user(let parts) = turn { parts } else { nil }
    }.first
    guard let last else {
      throw ServingError(
        .badRequest, "The request has no message of the user, and its metadata names no task.", param: "messages")
    }
    var texts: [String] = []
    for part in last {
      guard case .text(let text) = part else {
        throw ServingError(.badRequest, "The last message of the user is not text alone.", param: "messages")
      }
      texts.append(text)
    }
    let text = String(texts.joined(separator: "\n").trimmed)
    guard !text.isEmpty else {
      throw ServingError(.badRequest, "The last message of the user is empty.", param: "messages")
    }
    return text
  }
}

extension ModelQuestion {
  /// The question without the names of those who speak, which no other API has and which no task needs.
  fileprivate var withoutNames: ModelQuestion {
    guard dialect == .chat, let messages = body["messages"]?.items else { return self }
    var question = self
    question.body.set(
      "messages",
      .list(
        messages.map { message in
          var message = message
          if message.members != nil { message.remove("name") }
          return message
        }))
    return question
  }
}
