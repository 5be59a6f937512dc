import Agents
import Steering

/// What the chosen trajectory of a task ends with.
public struct ChosenAnswer: Sendable, Hashable {
  /// What ``answer`` is.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// The text of the model's last answer in a conversation.
    case message
    /// The last action in a world of steps.
    case action
  }

  /// The answer; nil if every attempt failed.
  public let answer: String?
  /// What the answer is; nil if there is none.
  public let kind: Kind?
  /// Who chose the trajectory; nil if there is none.
  public let selectedBy: Chooser?
  /// The true reward of the chosen trajectory, in reward units; nil if there is none.
  public let reward: Double?
  /// The trajectory as messages of OpenAI's chat API, which end with the model's last answer. nil if they were not asked
  /// for, or if there is no trajectory.
  public let messages: [JSONValue]?
  /// Why there is no answer; nil if there is one.
  public let failure: String?

  /// An answer; the message for a missing one is ``init(failure:)``.
  public init(
    _ answer: String, kind: Kind, selectedBy: Chooser, reward: Double, messages: [JSONValue]? = nil
  ) {
    self.answer = answer
    self.kind = kind
    self.selectedBy = selectedBy
    self.reward = reward
    self.messages = messages
    failure = nil
  }

  /// The answer to a task in which no attempt came to one, with the reason.
  public init(failure: String) {
    self.failure = failure
    (answer, kind, selectedBy, reward, messages) = (nil, nil, nil, nil, nil)
  }
}

extension ChosenAnswer {
  /// The keys of an answer in the JSON of its task.
  enum CodingKeys: String, CodingKey {
    case answer, selectedBy, messages
    case kind = "answerKind"
    case reward = "answerReward"
    case failure = "noAnswer"
  }

  /// Reads the keys of an answer; nil if a task's JSON has none.
  init?(_ values: KeyedDecodingContainer<CodingKeys>) throws {
    guard values.contains(.answer) else { return nil }
    guard let answer = try values.decodeIfPresent(String.self, forKey: .answer) else {
      self.init(failure: try values.decodeIfPresent(String.self, forKey: .failure) ?? "")
      return
    }
    self.init(
      answer, kind: try values.decode(Kind.self, forKey: .kind),
      selectedBy: try values.decode(Chooser.self, forKey: .selectedBy),
      reward: try values.decode(Double.self, forKey: .reward),
      messages: try values.decodeIfPresent([JSONValue].self, forKey: .messages))
  }

  /// Writes the keys of an answer. Without an answer the first two are `null`.
  func encode(into values: inout KeyedEncodingContainer<CodingKeys>) throws {
    try values.encode(answer, forKey: .answer)
    try values.encode(selectedBy, forKey: .selectedBy)
    try values.encodeIfPresent(kind, forKey: .kind)
    try values.encodeIfPresent(reward, forKey: .reward)
    try values.encodeIfPresent(messages, forKey: .messages)
    try values.encodeIfPresent(failure, forKey: .failure)
  }
}

extension MethodSummary.TaskRow: Codable {
  private enum CodingKeys: CodingKey {
    case task, rewardBest, rewardMean, rewardWeighted, rewardSelected, softValue, policyCalls, inputTokens,
      cachedInputTokens, outputTokens, reasoningTokens, cost
  }

  /// Reads the keys of ``chosen`` from the same object as the figures.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func reward(_ key: CodingKeys) throws -> Double? { try values.decodeIfPresent(Double.self, forKey: key) }
    func count(_ key: CodingKeys) throws -> Int { try values.decode(Int.self, forKey: key) }
    self.init(
      task: try values.decode(TaskID.self, forKey: .task), rewardBest: try reward(.rewardBest),
      rewardMean: try reward(.rewardMean), rewardWeighted: try reward(.rewardWeighted),
      rewardSelected: try reward(.rewardSelected), softValue: try reward(.softValue),
      policyCalls: try count(.policyCalls), inputTokens: try count(.inputTokens),
      cachedInputTokens: try count(.cachedInputTokens), outputTokens: try count(.outputTokens),
      reasoningTokens: try count(.reasoningTokens), cost: try values.decode(Double.self, forKey: .cost),
      chosen: try ChosenAnswer(decoder.container(keyedBy: ChosenAnswer.CodingKeys.self)))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(task, forKey: .task)
    try values.encodeIfPresent(rewardBest, forKey: .rewardBest)
    try values.encodeIfPresent(rewardMean, forKey: .rewardMean)
    try values.encodeIfPresent(rewardWeighted, forKey: .rewardWeighted)
    try values.encodeIfPresent(rewardSelected, forKey: .rewardSelected)
    try values.encodeIfPresent(softValue, forKey: .softValue)
    try values.encode(policyCalls, forKey: .policyCalls)
    try values.encode(inputTokens, forKey: .inputTokens)
    try values.encode(cachedInputTokens, forKey: .cachedInputTokens)
    try values.encode(outputTokens, forKey: .outputTokens)
    try values.encode(reasoningTokens, forKey: .reasoningTokens)
    try values.encode(cost, forKey: .cost)
    guard let chosen else { return }
    var answer = encoder.container(keyedBy: ChosenAnswer.CodingKeys.self)
    try chosen.encode(into: &answer)
  }
}
