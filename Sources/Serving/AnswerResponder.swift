import Agents
import Dialects
import HTTPTypes
import Hummingbird
import NIOCore
import Steering
import Workbench

/// Answers one request.
struct AnswerResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let service: TaskService
  let key: String
  let rhythm: AnswerServer.Rhythm
  let exchanges: Exchanges
  /// Called with one line for each request that has ended.
  let note: @Sendable (String) -> Void

  func respond(to request: Request, context: Context) async throws -> Response {
    let path = Self.path(request.uri.path)
    exchanges.begin()
    do throws(ServingError) {
      guard isAuthorized(request) else {
        throw ServingError(
          .unauthorized, "The API key is missing or wrong. cox serve printed it, or was given it in a variable.")
      }
      switch (request.method, path) {
      case (.get, "/health"): return json(200, await health)
      case (.get, "/models"): return json(200, ["object": "list", "data": [model(Completion.standardModel)]])
      case (.get, _) where path.hasPrefix("/models/"):
        return json(200, model(String(path.dropFirst("/models/".count))))
      case (.post, ModelDialect.chat.path): return try await answer(request, in: .chat)
      case (.post, ModelDialect.responses.path): return try await answer(request, in: .responses)
      case (_, "/health"), (_, "/models"), (_, ModelDialect.chat.path), (_, ModelDialect.responses.path):
        throw ServingError(.wrongMethod, "\(request.method) is not possible for \(path).")
      default:
        throw ServingError(
          .notFound,
          "There is no \(path.clipped(to: 80)) here. There are /v1/chat/completions, /v1/responses, /v1/models and /health."
        )
      }
    } catch {
      note("\(error.kind.status)  \(request.method) \(path.clipped(to: 40))  \(error.message.clipped(to: 160))")
      if error.kind != .unauthorized { await service.count(isAnswered: false) }
      return refusal(error)
    }
  }

  /// The path below the version. Clients differ in whether they add `/v1` themselves.
  static func path(_ path: String) -> String {
    var rest = path[...]
    if rest.hasPrefix("/v1/") { rest = rest.dropFirst(3) }
    while rest.count > 1, rest.hasSuffix("/") { rest = rest.dropLast() }
    return String(rest)
  }

  private func isAuthorized(_ request: Request) -> Bool {
    let words = request.headers[.authorization]?.split(separator: " ") ?? []
    let given =
      words.count == 2 && words[0].lowercased() == "bearer"
      ? String(words[1]) : HTTPField.Name("x-api-key").flatMap { request.headers[$0] }
    guard let given else { return false }
    // In a time that does not tell how much of it is right.
    let (ours, theirs) = (Array(key.utf8), Array(given.utf8))
    guard ours.count == theirs.count else { return false }
    return zip(ours, theirs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  // MARK: - What is no task

  private var health: OrderedJSON {
    get async {
      let report = await service.report
      return [
        "status": "ok", "world": .text(service.world.kind), "method": .text(service.settings.method.rawValue),
        "underWay": .integer(await service.underWay), "answered": .integer(report.answered),
        "failed": .integer(report.failed), "policyCalls": .integer(report.policyCalls), "cost": .number(report.cost),
      ]
    }
  }

  private func model(_ name: String) -> OrderedJSON {
    [
      "id": .text(name), "object": "model", "created": 0, "owned_by": "coxswain",
      "coxswain": [
        "world": .text(service.world.kind), "method": .text(service.settings.method.rawValue),
        "particles": .integer(service.settings.particles), "policy": .text(service.policy),
        "tasks": .integer(service.tasks.count), "takesDescriptions": .flag(service.takesDescriptions),
      ],
    ]
  }

  // MARK: - Tasks

  private func answer(_ request: Request, in dialect: ModelDialect) async throws(ServingError) -> Response {
    let wanted = try TaskRequest(await Self.whole(request.body), in: dialect)
    let flight: TaskFlight
    do throws(ServingRefusal) { flight = try await service.begin(wanted.wish, seed: wanted.seed) } catch {
      throw ServingError(error)
    }
    let completion = Completion(
      question: wanted.question, wantsMessages: wanted.wantsMessages, flight: flight, settings: service.settings)
    if wanted.question.isStreaming {
      await flight.begun(within: rhythm.patience)
      if flight.result.map({ if case .failure = $0 { true } else { false } }) != true { return stream(completion) }
    }
    switch await flight.landed() {
    case .failure(let error): throw ServingError(error)
    case .success(let landing):
      let bytes = ByteBuffer(string: completion.body(landing).json)
      return Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(contentLength: bytes.readableBytes) { writer in
          try await deliver(landing, of: flight) {
            try await writer.write(bytes)
            try await writer.finish(nil)
          }
        })
    }
  }

  /// The progress, then the answer. The status is fixed already, so that an error is the last event.
  private func stream(_ completion: Completion) -> Response {
    let flight = completion.flight
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
      body: ResponseBody { writer in
        do {
          try await follow(completion, writer: &writer)
        } catch {
          exchanges.end()
          leave(flight)
          throw error
        }
        switch await flight.landed() {
        case .success(let landing):
          try await deliver(landing, of: flight) {
            try await writer.write(ByteBuffer(string: completion.ending(landing)))
            try await writer.finish(nil)
          }
        case .failure(let error):
          defer { exchanges.end() }
          let error = ServingError(error)
          await service.count(isAnswered: false)
          note("\(error.kind.status)  \(Self.name(flight))  in a stream: \(error.message.clipped(to: 160))")
          try await writer.write(ByteBuffer(string: error.event(in: completion.question.dialect).text))
          try await writer.finish(nil)
        }
      })
  }

  /// Writes the progress until the work has ended.
  private func follow(_ completion: Completion, writer: inout any ResponseBodyWriter) async throws {
    let flight = completion.flight
    let (turns, turn) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingNewest(8))
    let watching = Task {
      for await _ in flight.changes { turn.yield(true) }
      turn.finish()
    }
    let clock = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: rhythm.interval)
        turn.yield(false)
      }
    }
    defer {
      watching.cancel()
      clock.cancel()
    }
    try await writer.write(ByteBuffer(string: completion.opening))
    var told: ContinuousClock.Instant?
    for await hasChanged in turns {
      guard hasChanged else {
        try await writer.write(ByteBuffer(string: Completion.sign))
        continue
      }
      if let told, .now - told < rhythm.pace { continue }
      told = .now
      try await writer.write(ByteBuffer(string: completion.text(of: flight.progress)))
    }
  }

  /// Writes an answer and notes how the request ended.
  private func deliver(
    _ landing: TaskFlight.Landing, of flight: TaskFlight, _ write: () async throws -> Void
  ) async throws {
    defer { exchanges.end() }
    do { try await write() } catch {
      leave(flight)
      throw error
    }
    await service.count(isAnswered: true)
    note("200  \(Self.name(flight))  \(landing.line(pricing: landing.cost > 0))")
  }

  private func leave(_ flight: TaskFlight) {
    note("499  \(Self.name(flight))  the client has left; the work goes on, and the same request finds it")
  }

  private static func name(_ flight: TaskFlight) -> String { flight.task.id.rawValue.clipped(to: 60) }

  // MARK: - Reading and writing

  /// The whole body. What is too large is read to its end and dropped, since clients send all before they read.
  private static func whole(_ body: RequestBody) async throws(ServingError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isTooLarge = false
    do {
      for try await buffer in body {
        isTooLarge = isTooLarge || bytes.count + buffer.readableBytes > AnswerServer.largestBody
        if isTooLarge { bytes = [] } else { bytes.append(contentsOf: buffer.readableBytesView) }
      }
    } catch {
      throw ServingError(.badRequest, "The request could not be read to its end.")
    }
    guard !isTooLarge else {
      throw ServingError(.tooLarge, "The request has more than \(AnswerServer.largestBody >> 20) MB.")
    }
    return bytes
  }

  private func json(_ status: Int, _ value: OrderedJSON) -> Response {
    let bytes = ByteBuffer(string: value.json)
    return Response(
      status: .init(code: status), headers: [.contentType: "application/json"],
      body: ResponseBody(contentLength: bytes.readableBytes) { writer in
        defer { exchanges.end() }
        try await writer.write(bytes)
        try await writer.finish(nil)
      })
  }

  private func refusal(_ error: ServingError) -> Response {
    var response = json(error.kind.status, error.json)
    // What a client repeats by itself would not be answered otherwise.
    if let name = HTTPField.Name("x-should-retry") { response.headers[name] = "false" }
    return response
  }
}

extension TaskFlight {
  /// Waits for the first answer of the policy, or the end, or until `limit` has passed.
  fileprivate func begun(within limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in self.changes where self.hasBegun { return }
      }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }
}
