import Agents
import Foundation

/// Replays recorded answers and rejects every other call, so that no model is called and nothing is paid.
///
/// An answer is found by run, task, particle and step, and used only if the prompt is unchanged. The same settings and
/// seed therefore replay a whole run.
public struct RecordedPolicy: Policy {
  /// An answer with the digest of its prompt.
  public struct Entry: Sendable, Hashable {
    /// A digest of the prompt that was answered.
    public let question: String
    /// The answer with its usage.
    public let response: PolicyResponse
    /// Whether the policy refused to answer; `response` then holds the reason.
    public let isRefusal: Bool

    /// - Parameters:
    ///   - question: a digest of the prompt that was answered.
    ///   - response: the answer with its usage; the reason if the policy refused.
    ///   - isRefusal: whether the policy refused to answer.
    public init(question: String, response: PolicyResponse, isRefusal: Bool = false) {
      self.question = question
      self.response = response
      self.isRefusal = isRefusal
    }
  }

  public let identity: String
  public let format: ActionFormat
  /// The name of the recording in error messages.
  private let name: String
  private let lookUp: @Sendable (CallKey) async throws(PolicyError) -> Entry?

  /// - Parameters:
  ///   - identity: the identity of the recorded policy, which is still the policy that answers.
  ///   - name: names the recording in error messages.
  ///   - lookUp: the recorded answer to a call; nil if there is none.
  public init(
    identity: String, format: ActionFormat, name: String,
    lookUp: @escaping @Sendable (CallKey) async throws(PolicyError) -> Entry?
  ) {
    self.identity = identity
    self.format = format
    self.name = name
    self.lookUp = lookUp
  }

  /// Replays the answers of a cassette.
  ///
  /// - Parameter name: names the cassette in error messages.
  public init(_ cassette: Cassette, name: String) {
    self.init(identity: cassette.policy, format: cassette.format, name: name) { cassette.entries[$0] }
  }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let key = request.key
    guard let entry = try await lookUp(key) else {
      throw PolicyError(
        .notRecorded,
        """
        \(name) has no answer for particle \(key.particle), step \(key.step + 1) of task \(key.task) in this run. A \
        recording has answers for the same tasks, seed and settings only, and for no more attempts.
        """)
    }
    guard entry.question == request.digest else {
      throw PolicyError(
        .notRecorded,
        """
        The prompt for particle \(key.particle), step \(key.step + 1) of task \(key.task) differs from the one that \
        \(name) has an answer to: the world or its prompts have changed since it was recorded.
        """)
    }
    if entry.isRefusal { throw PolicyError(.contentRefused, entry.response.text) }
    return entry.response
  }
}
