import Agents
import Dialects
import Foundation
import ModelServers

extension ModelEndpoint {
  /// Sends a question of an agent's own program and reads the answers.
  ///
  /// - Parameters:
  ///   - dialect: what the server speaks.
  ///   - samples: how many answers are asked for; more than 1 only in chat and text completions.
  /// - Returns: at least one answer. Each has the whole answer as its ``PolicyResponse/continuation``.
  func answers(
    to question: ModelQuestion, in dialect: ModelDialect, model: String, settings: QuestionSettings, samples: Int = 1,
    for request: PolicyRequest
  ) async throws(PolicyError) -> [PolicyResponse] {
    let body = try settings.body(question, in: dialect, model: model, samples: samples)
    let transport = transport
    let reply = try await call(dialect.path, Data(body.json.utf8), for: request) {
      (data: Data) throws(PolicyError) -> [PolicyResponse] in
      guard let json = OrderedJSON(parsing: String(decoding: data, as: UTF8.self)) else {
        throw PolicyError(.malformedAnswer, "\(transport.base) sent no JSON: \(transport.excerpt(data))")
      }
      // Some servers send an error with the status 200.
      if let error = json["error"], error != .null {
        throw PolicyError(.serverFailed, "\(transport.base) sent an error: \(transport.excerpt(data))")
      }
      do throws(UnreadableAnswerError) { return try Self.responses(json, dialect) } catch {
        throw PolicyError(.malformedAnswer, "\(transport.base): \(error) It sent: \(transport.excerpt(data))")
      }
    }
    return reply.value.map { $0.finished(reply, by: transport) }
  }

  /// The answers of a body, one for each choice.
  private static func responses(
    _ json: OrderedJSON, _ dialect: ModelDialect
  ) throws(UnreadableAnswerError) -> [PolicyResponse] {
    let choices = json["choices"]?.items ?? []
    guard choices.count > 1 else { return [try response(json, dialect)] }
    var responses: [PolicyResponse] = []
    for (place, choice) in choices.enumerated() {
      var own = json
      var only = choice
      only.set("index", 0)
      own.set("choices", .list([only]))
      var response = try response(own, dialect)
      // The input is paid for once; the output is divided among all.
      let output = response.usage.outputTokens
      response.usage.outputTokens = output / choices.count + (place < output % choices.count ? 1 : 0)
      response.usage.reasoningTokens /= choices.count
      if place > 0 {
        response.usage.savedInputTokens = response.usage.inputTokens
        (response.usage.inputTokens, response.usage.cachedInputTokens) = (0, 0)
      }
      responses.append(response)
    }
    return responses
  }

  private static func response(
    _ json: OrderedJSON, _ dialect: ModelDialect
  ) throws(UnreadableAnswerError) -> PolicyResponse {
    let answer = try NeutralAnswer(json, dialect)
    let thoughts = answer.reasoning.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
    var response = PolicyResponse(
      Readable.answer(json, dialect), reasoning: thoughts.isEmpty ? nil : thoughts,
      logProbability: answer.logProbability, usage: answer.usage ?? Usage())
    response.usage.cutOffAnswers = answer.finish == .length ? 1 : 0
    response.continuation = ModelAnswer(dialect: dialect, body: json).text
    return response
  }
}
