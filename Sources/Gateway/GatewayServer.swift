import Agents
import Dialects
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A server on loopback that stands in for a model's provider before the programs of agents.
///
/// It speaks OpenAI's chat completions, text completions and Responses and Anthropic's Messages, each with and without
/// streaming. The API key names the attempt that a request belongs to.
package final class GatewayServer: Sendable {
  /// How long a question may wait in silence, and how often something is sent after that. Clients give up after ten
  /// minutes of silence, proxies after one.
  struct Rhythm: Sendable {
    var silence = Duration.seconds(45)
    var interval = Duration.seconds(15)
  }

  /// The most bytes of one request.
  static let largestBody = 32 << 20

  /// The TCP port on loopback.
  package let port: Int
  private let running: Task<Void, any Error>

  private init(port: Int, running: Task<Void, any Error>) {
    self.port = port
    self.running = running
  }

  /// Starts the server on a free port.
  ///
  /// - Throws: ``WorldError`` if no port can be opened.
  static func start(
    _ desk: AttemptDesk, rhythm: Rhythm = Rhythm()
  ) async throws(WorldError) -> GatewayServer {
    let (ports, found) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "coxswain.gateway")
    // What it logs when it is stopped is no error.
    logger.logLevel = .critical
    let app = Application(
      responder: GatewayResponder(desk: desk, rhythm: rhythm),
      configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: nil),
      onServerRunning: { channel in found.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let running = Task {
      defer { found.finish() }
      try await app.run()
    }
    for await port in ports where port > 0 { return GatewayServer(port: port, running: running) }
    let result = await running.result
    let reason = if case .failure(let error) = result { "\(error)" } else { "it ended at once" }
    throw WorldError(.misconfigured, "The gateway could not open a port on 127.0.0.1: \(reason)")
  }

  /// Closes all connections.
  package func stop() async {
    running.cancel()
    _ = await running.result
  }
}

/// Answers one request.
struct GatewayResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let desk: AttemptDesk
  let rhythm: GatewayServer.Rhythm

  func respond(to request: Request, context: Context) async throws -> Response {
    let path = Self.path(request.uri.path)
    let isMessages = path == ModelDialect.messages.path
    do throws(GatewayError) {
      guard let token = Self.token(request), let line = await desk.line(of: token) else {
        throw GatewayError(
          .unauthorized, "This API key belongs to no attempt that is running. The key of an attempt ends with it.")
      }
      await line.heard()
      switch (request.method, path) {
      case (.get, "/models"): return Self.json(200, await desk.models)
      case (.get, "/coxswain/attempt"): return Self.json(200, await line.progress)
      case (.get, _) where path.hasPrefix("/models/"):
        return Self.json(200, AttemptDesk.model(String(path.dropFirst("/models/".count))))
      case (.post, "/embeddings"):
        let body = try await Self.whole(request.body)
        return Self.json(200, try await desk.forward("/embeddings", body))
      case (.post, _):
        guard let dialect = ModelDialect.allCases.first(where: { $0.path == path }) else {
          throw GatewayError(
            .notFound,
            """
            There is no \(path) here. The gateway has \(ModelDialect.allCases.map(\.path).joined(separator: ", ")), \
            /embeddings and /models.
            """)
        }
        return try await answer(request, in: dialect, of: line)
      default: throw GatewayError(.notFound, "There is no \(request.method) \(path) here.")
      }
    } catch {
      return Self.refusal(error, isMessages: isMessages)
    }
  }

  /// The path below the version. Clients differ in whether they add `/v1` themselves.
  static func path(_ path: String) -> String {
    var rest = path[...]
    while rest.hasPrefix("/v1/") { rest = rest.dropFirst(3) }
    while rest.count > 1, rest.hasSuffix("/") { rest = rest.dropLast() }
    return String(rest)
  }

  private static func header(_ name: String, of request: Request) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }

  private static func token(_ request: Request) -> String? {
    if let key = header("x-api-key", of: request) { return key }
    guard let header = request.headers[.authorization] else { return nil }
    let words = header.split(separator: " ")
    return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : nil
  }

  /// The whole body. What is too large is read to its end and dropped, since clients send all before they read.
  private static func whole(_ body: RequestBody) async throws(GatewayError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isTooLarge = false
    do {
      for try await buffer in body {
        isTooLarge = isTooLarge || bytes.count + buffer.readableBytes > GatewayServer.largestBody
        if isTooLarge { bytes = [] } else { bytes.append(contentsOf: buffer.readableBytesView) }
      }
    } catch {
      throw GatewayError(.badRequest, "The request could not be read to its end.")
    }
    guard !isTooLarge else {
      throw GatewayError(.tooLarge, "The request has more than \(GatewayServer.largestBody >> 20) MB.")
    }
    return bytes
  }

  // MARK: - Questions

  private func answer(
    _ request: Request, in dialect: ModelDialect, of line: AttemptLine
  ) async throws(GatewayError) -> Response {
    let isRetry = Self.header("x-stainless-retry-count", of: request).map { $0 != "0" } ?? false
    let (rhythm, desk) = (rhythm, desk)
    let connection = Mutex<(ticket: AttemptLine.Ticket?, isClosed: Bool)>((nil, false))
    let result: Result<Response, GatewayError>
    do {
      result = try await request.body.consumeWithInboundCloseHandler { body in
        do throws(GatewayError) {
          let bytes = try await Self.whole(body)
          let question = try Self.question(bytes, dialect)
          if await line.isProbe(question), let answer = try await desk.probe(question) {
            return .success(
              Response(
                status: .ok, headers: Self.headers(question),
                body: ResponseBody(byteBuffer: Self.bytes(of: answer, to: question))))
          }
          var digest = Digest()
          digest.add(String(decoding: bytes, as: UTF8.self))
          let ticket = try await line.ask(question, body: dialect.path + digest.text, isRetry: isRetry)
          let isClosed = connection.withLock { connection in
            connection.ticket = ticket
            return connection.isClosed
          }
          if isClosed { await line.closed(ticket) }
          return .success(await Self.response(to: question, ticket, line, rhythm))
        } catch {
          return .failure(error)
        }
      } onInboundClosed: {
        // The client is gone. The reply is kept for its retry.
        let ticket = connection.withLock { connection in
          connection.isClosed = true
          return connection.ticket
        }
        if let ticket { Task { await line.closed(ticket) } }
      }
    } catch {
      throw GatewayError(.badRequest, "The request could not be read: \(error)")
    }
    return try result.get()
  }

  private static func question(_ bytes: [UInt8], _ dialect: ModelDialect) throws(GatewayError) -> ModelQuestion {
    guard let body = OrderedJSON(parsing: String(decoding: bytes, as: UTF8.self)), case .object = body else {
      throw GatewayError(.badRequest, "The body of the request is not a JSON object.")
    }
    if let count = body["n"]?.integer, count > 1 {
      throw GatewayError(
        .badRequest,
        """
        n is \(count). A question of an attempt has one answer, since each answer is a step: ask \(count) times, or leave \
        n out. Coxswain makes other attempts where other answers may be better.
        """)
    }
    return ModelQuestion(dialect: dialect, body: body)
  }

  /// Waits for the reply. After some silence the connection is kept alive.
  private static func response(
    to question: ModelQuestion, _ ticket: AttemptLine.Ticket, _ line: AttemptLine, _ rhythm: GatewayServer.Rhythm
  ) async -> Response {
    let waiting = Task { await line.reply(to: ticket) }
    let early = await withTaskGroup(of: (isThere: Bool, reply: AttemptLine.Reply?).self) { group in
      group.addTask { (true, await waiting.value) }
      group.addTask {
        try? await Task.sleep(for: rhythm.silence)
        return (false, nil)
      }
      defer { group.cancelAll() }
      return await group.next() ?? (false, nil)
    }
    if early.isThere {
      switch early.reply {
      case .refusal(let error)?:
        await line.sent(ticket, isWhole: true)
        return refusal(error, isMessages: question.dialect == .messages)
      case .answer(let json)?: return whole(json, question, ticket, line)
      case nil: return Response(status: .badRequest)
      }
    }
    return held(question, waiting, ticket, line, rhythm)
  }

  /// A reply that is there.
  private static func whole(
    _ json: OrderedJSON, _ question: ModelQuestion, _ ticket: AttemptLine.Ticket, _ line: AttemptLine
  ) -> Response {
    let bytes = bytes(of: json, to: question)
    return Response(
      status: .ok, headers: headers(question),
      body: ResponseBody(contentLength: question.isStreaming ? nil : bytes.readableBytes) { writer in
        try await deliver(bytes, to: &writer, ticket, line)
      })
  }

  /// A reply that is still to come. Its status is fixed already, so an error can only be shown by a closed connection:
  /// clients then ask again.
  private static func held(
    _ question: ModelQuestion, _ waiting: Task<AttemptLine.Reply?, Never>, _ ticket: AttemptLine.Ticket,
    _ line: AttemptLine, _ rhythm: GatewayServer.Rhythm
  ) -> Response {
    let sign =
      if !question.isStreaming { " " } else if question.dialect == .messages {
        "event: ping\ndata: {\"type\": \"ping\"}\n\n"
      } else {
        ": waiting\n\n"
      }
    return Response(
      status: .ok, headers: headers(question),
      body: ResponseBody { writer in
        let (turns, turn) = AsyncStream<Bool>.makeStream()
        let clock = Task {
          while !Task.isCancelled {
            turn.yield(false)
            try? await Task.sleep(for: rhythm.interval)
          }
        }
        let ending = Task {
          _ = await waiting.value
          turn.yield(true)
          turn.finish()
        }
        defer {
          clock.cancel()
          ending.cancel()
        }
        do {
          for await isThere in turns {
            if isThere { break }
            try await writer.write(ByteBuffer(string: sign))
          }
        } catch {
          await line.closed(ticket)
          throw error
        }
        guard case .answer(let json)? = await waiting.value else {
          await line.sent(ticket, isWhole: true)
          throw ClosedByGateway()
        }
        try await deliver(bytes(of: json, to: question), to: &writer, ticket, line)
      })
  }

  private struct ClosedByGateway: Error {}

  private static func deliver(
    _ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter, _ ticket: AttemptLine.Ticket, _ line: AttemptLine
  ) async throws {
    do {
      try await writer.write(bytes)
      try await writer.finish(nil)
    } catch {
      await line.sent(ticket, isWhole: false)
      throw error
    }
    await line.sent(ticket, isWhole: true)
  }

  // MARK: - Writing

  private static func headers(_ question: ModelQuestion) -> HTTPFields {
    question.isStreaming
      ? [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"]
      : [.contentType: "application/json"]
  }

  /// An answer as the program wants it: whole, or as a stream.
  private static func bytes(of answer: OrderedJSON, to question: ModelQuestion) -> ByteBuffer {
    ByteBuffer(string: question.isStreaming ? question.events(of: answer).map(\.text).joined() : answer.json)
  }

  private static func json(_ status: Int, _ value: OrderedJSON) -> Response {
    Response(
      status: .init(code: status), headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: value.json)))
  }

  static func refusal(_ error: GatewayError, isMessages: Bool) -> Response {
    let kind =
      switch error.kind {
      case .badRequest, .tooLarge: "invalid_request_error"
      case .unauthorized: "authentication_error"
      case .notFound: "not_found_error"
      case .tooManyCalls: "rate_limit_error"
      case .failed: "api_error"
      }
    let body: OrderedJSON =
      isMessages
      ? ["type": "error", "error": ["type": .text(kind), "message": .text(error.message)]]
      : ["error": ["message": .text(error.message), "type": .text(kind), "param": .null, "code": .text(kind)]]
    var response = json(error.kind.status, body)
    // Nothing that a client repeats by itself would be answered otherwise.
    if let name = HTTPField.Name("x-should-retry") { response.headers[name] = "false" }
    return response
  }
}
