import Agents
import Dialects

/// The attempts that are running, by their tokens.
actor AttemptDesk {
  /// Sends a request that is no step to the policy's server, such as `/embeddings`, and returns its answer.
  typealias Forward = @Sendable (_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON

  private var lines: [String: AttemptLine] = [:]
  private var forwarding: Forward?
  /// Answers to forwarded requests, by what they asked, so that a replay gets the same.
  private var forwarded: [String: OrderedJSON] = [:]

  func use(_ forward: @escaping Forward) { forwarding = forward }

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
    var digest = Digest()
    digest.add(path, question.sorted.json)
    if let known = forwarded[digest.text] { return known }
    guard let forwarding else {
      throw GatewayError(.notFound, "The policy has no server that \(path) could be forwarded to.")
    }
    do throws(PolicyError) {
      let answer = try await forwarding(path, question)
      forwarded[digest.text] = answer
      return answer
    } catch {
      throw GatewayError(.failed, error.message)
    }
  }
}
