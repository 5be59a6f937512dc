import Agents
import Foundation

extension Trajectory {
  package static let withoutQuestions = WorldError(
    .misconfigured, "This attempt was not recorded as a conversation with a model, so that it has no questions.")

  /// The questions that the steps answer, and the one that is open.
  package func askedQuestions() throws(WorldError) -> [AskedQuestion] {
    var asked: [AskedQuestion] = []
    for observation in [opening] + steps.map(\.outcome.observation) {
      guard let question = observation.question else {
        // After the end there is no question.
        guard asked.count == count, isDone else { throw Self.withoutQuestions }
        continue
      }
      asked.append(question)
    }
    return asked
  }

  /// The open question, put together from the record of all of them.
  ///
  /// - Throws: `misconfigured` if the trajectory has none.
  package func openQuestion() throws(WorldError) -> ModelQuestion {
    var question: ModelQuestion?
    for asked in try askedQuestions() { question = try asked.question(after: question) }
    guard let question else { throw Self.withoutQuestions }
    return question
  }
}

extension AskedQuestion {
  /// The whole question.
  package func question(after previous: ModelQuestion?) throws(WorldError) -> ModelQuestion {
    do {
      return try JSONDecoder().decode(QuestionRecord.self, from: Data(record.utf8)).question(after: previous)
    } catch {
      throw WorldError(.misconfigured, "A stored question cannot be read: \(error)")
    }
  }

  package init(_ question: ModelQuestion, digest: String, after previous: ModelQuestion?) throws(WorldError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let record = try encoder.encode(QuestionRecord(question, after: previous))
      self.init(digest: digest, record: String(decoding: record, as: UTF8.self))
    } catch {
      throw WorldError(.unavailable, "A question could not be written as JSON: \(error)")
    }
  }
}
