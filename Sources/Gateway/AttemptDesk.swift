import Agents
import Dialects

/// The attempts that are running, by their tokens.
actor AttemptDesk {
  /// Sends a request that is no step to the policy's server, such as `/embeddings`, and returns its answer. The same request
  /// has to have the same answer, since a replay sends it again.
  typealias Forward = @Sendable (_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON

  private var lines: [String: AttemptLine] = [:]
  private var forwarding: Forward?

  /// Answers a question that is no step.
  typealias Probe = @Sendable (_ question: ModelQuestion) async throws(PolicyError) -> ModelAnswer

  private var probing: Probe?

  func use(_ forward: @escaping Forward) { forwarding = forward }

  func use(probe: @escaping Probe) { probing = probe }

  /// The answer to a probe, in its own dialect; nil if there is no policy for it, so that it is a question like others.
  func probe(_ question: ModelQuestion) async throws(GatewayError) -> OrderedJSON? {
    guard let probing else { return nil }
    do {
      let answer = try await probing(question)
      return try question.answer(answer.body, inDialect: answer.dialect)
    } catch {
      throw GatewayError(.failed, "\(error)")
    }
  }

  /// Opens an attempt.
  ///
  /// - Returns: the API key of its program, valid until the attempt is closed.
  func open(_ line: AttemptLine) -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = (0..<4).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
    let token = "cox-" + digits
    lines[token] = line
    return token
  }

  func close(_ token: String) { lines[token] = nil }

  func line(of token: String) -> AttemptLine? { lines[token] }

  /// The number of attempts that are open.
  var count: Int { lines.count }

  // MARK: - What is no step

  var models: OrderedJSON { ["object": "list", "data": [Self.model("coxswain")]] }

  static func model(_ name: String) -> OrderedJSON {
    ["id": .text(name), "object": "model", "created": 0, "owned_by": "coxswain"]
  }

  func forward(_ path: String, _ body: [UInt8]) async throws(GatewayError) -> OrderedJSON {
    let text = String(decoding: body, as: UTF8.self)
    guard let question = OrderedJSON(parsing: text), case .object = question else {
      throw GatewayError(.badRequest, "The body of the request is not a JSON object.")
    }
    guard let forwarding else {
      throw GatewayError(.notFound, "The policy has no server that \(path) could be forwarded to.")
    }
    do throws(PolicyError) { return try await forwarding(path, question) } catch {
      throw GatewayError(.failed, error.message)
    }
  }
}
