import Agents

/// A language model as critic: it reads an unfinished attempt and predicts the final reward, without training (the
/// zero-shot baseline of Agentic Monte Carlo, arXiv 2606.05296).
///
/// The reward so far is subtracted from its prediction. An answer without a score is a missing value, not 0.
///
/// ```swift
/// let judge = JudgeCritic(policy, rewards: 0...1)
/// let values = try await judge.returnsToGo(from: [CriticState(trajectory)])
/// ```
public struct JudgeCritic: Critic {
  /// The judge's scale, prompt and number of samples.
  public struct Settings: Sendable, Hashable {
    /// The final rewards, in reward units, at the two ends of `scores`.
    public var rewards: ClosedRange<Double>
    /// The scale of the judge's scores, decimals allowed.
    public var scores: ClosedRange<Double> = 0...10
    /// Answers for each state, at least 1; each has an equal mass in the predicted distribution. More than one needs a
    /// sampling temperature above 0.
    public var samples: Int
    /// The judge's prompt; nil for ``JudgeCritic/instructions(rewards:scores:)``. It must ask for a score in the same
    /// last line.
    public var instructions: String?
    /// The seed of the judge's sampling, split by state and sample.
    public var seed: Seed

    /// - Parameter rewards: the least and the largest final reward that an attempt can have, in reward units.
    public init(rewards: ClosedRange<Double>, samples: Int = 1, instructions: String? = nil, seed: Seed = Seed(1)) {
      self.rewards = rewards
      self.samples = samples
      self.instructions = instructions
      self.seed = seed
    }
  }

  /// Scale, prompt and samples; all are part of the identity.
  public let settings: Settings
  private let policy: any Policy
  private let instructions: String
  private let counter = ValueCounter()

  /// - Parameters:
  ///   - policy: the judge's own model and sampling; its action format is not used.
  ///   - settings: require a finite scale of more than one score, and at least one sample.
  public init(_ policy: any Policy, settings: Settings) {
    let (scores, rewards) = (settings.scores, settings.rewards)
    precondition(settings.samples >= 1, "a judge is asked at least once")
    precondition(scores.lowerBound < scores.upperBound, "a scale has two ends")
    precondition([scores, rewards].allSatisfy { $0.lowerBound.isFinite && $0.upperBound.isFinite }, "finite scales")
    self.policy = policy
    self.settings = settings
    instructions = settings.instructions ?? Self.instructions(rewards: rewards, scores: scores)
  }

  /// - Parameters:
  ///   - policy: the judge's model and sampling; its action format is not used.
  ///   - rewards: the least and the largest final reward that an attempt can have.
  ///   - samples: answers for each state, at least 1.
  public init(_ policy: any Policy, rewards: ClosedRange<Double>, samples: Int = 1) {
    self.init(policy, settings: Settings(rewards: rewards, samples: samples))
  }

  /// The model, a digest of its prompt, the scales, the number of samples and the seed.
  public var identity: String {
    var digest = Digest()
    digest.add(instructions, reminder)
    return """
      judge, \(policy.identity), prompt \(digest.text.prefix(8)), scores \(settings.scores) for rewards \
      \(settings.rewards), samples \(settings.samples), seed \(settings.seed.rawValue)
      """
  }

  /// The run under which the judge's answers are stored: a digest of what decides them. A judge with more samples, or
  /// with another scale of rewards, reuses the stored answers.
  public var run: String {
    var digest = Digest()
    digest.add("judge", policy.identity, instructions, reminder, String(settings.seed.rawValue))
    return digest.text
  }

  /// The number of answers so far, and how many of them stated no score.
  public var counts: ValueCounts { counter.current }

  public func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    let distinct = DistinctStates(states)
    let samples = settings.samples
    // If a call fails, calls in flight still run to their end, since they are paid for.
    let answers = await withTaskGroup(of: Answer.self, returning: [Int: Answer].self) { group in
      for (place, text) in distinct.texts.enumerated() {
        for sample in 0..<samples {
          group.addTask { await score(of: text, sample: sample, place: place * samples + sample) }
        }
      }
      var answers: [Int: Answer] = [:]
      for await answer in group { answers[answer.place] = answer }
      return answers
    }
    var values: [ReturnDistribution?] = []
    for (place, state) in distinct.states.enumerated() {
      var scores: [Double] = []
      for sample in 0..<samples {
        guard let answer = answers[place * samples + sample] else { continue }
        if let failure = answer.failure { throw CriticError(failure) }
        if let score = answer.score { scores.append(score) }
      }
      values.append(returnToGo(scores, after: state.rewardSoFar))
    }
    return distinct.spread(values)
  }

  private struct Answer: Sendable {
    /// The index among all answers requested.
    let place: Int
    /// nil if the answer states no score or the model refuses.
    var score: Double?
    /// An error that ends the run.
    var failure: PolicyError?
  }

  private func score(of text: String, sample: Int, place: Int) async -> Answer {
    var digest = Digest()
    digest.add(text)
    let key = CallKey(run: run, task: TaskID(digest.text), particle: 0, step: sample)
    let request = PolicyRequest(
      transcript: Transcript(entries: [.instructions(instructions), .prompt("\(text)\n\n\(reminder)")]),
      seed: key.seed(from: settings.seed), key: key)
    var answer = Answer(place: place)
    do throws(PolicyError) {
      answer.score = JudgeAnswer.score(in: try await policy.respond(to: request).text, on: settings.scores)
    } catch {
      guard error.concernsOneCall else {
        answer.failure = error
        return answer
      }
    }
    counter.note([answer.score])
    return answer
  }

  /// The scores mapped to returns, minus the reward so far.
  private func returnToGo(_ scores: [Double], after rewardSoFar: Double) -> ReturnDistribution? {
    guard !scores.isEmpty else { return nil }
    let (from, to) = (settings.scores, settings.rewards)
    return ReturnDistribution(
      returns: scores.map { score in
        let share = (score - from.lowerBound) / (from.upperBound - from.lowerBound)
        return to.lowerBound + share * (to.upperBound - to.lowerBound) - rewardSoFar
      }, probabilities: scores.map { _ in 1 })
  }
}
