/// A world whose observations are questions to a model, and whose actions are the answers: an agent's own program, or a
/// world that speaks in messages and tool calls.
package protocol QuestionWorld: World {
  /// The question after `trajectory`.
  ///
  /// - Throws: `misconfigured` if the trajectory was not recorded in such a world.
  func question(after trajectory: Trajectory) throws(WorldError) -> ModelQuestion

  /// The question after `trajectory` as turns of text, for policies that only write texts.
  func transcript(of question: ModelQuestion, after trajectory: Trajectory) -> Transcript

  /// Begins again and answers the first questions as in `trajectory`.
  ///
  /// - Parameter keepsDivergences: whether an episode that asks something else is kept nevertheless.
  /// - Returns: the episode after the last step, and how many questions differed.
  /// - Throws: `diverged` at the first question that differs.
  func resume(
    _ trajectory: Trajectory, keepsDivergences: Bool
  ) async throws(WorldError) -> (episode: any Episode, mismatches: Int)
}

/// An episode of a ``QuestionWorld``.
package protocol QuestionEpisode: Episode {
  /// The question that waits, which ``QuestionWorld/question(after:)`` would put together from the record of all of
  /// them; nil after the end.
  var openQuestion: ModelQuestion? { get async }
}

extension PolicyRequest {
  /// The call that answers the question after a trajectory.
  ///
  /// - Parameter known: the question, if the episode still holds it.
  package init(
    after trajectory: Trajectory, asking world: any QuestionWorld, known: ModelQuestion? = nil, seed: Seed, key: CallKey
  ) throws(WorldError) {
    let question = if let known { known } else { try world.question(after: trajectory) }
    self.init(transcript: world.transcript(of: question, after: trajectory), seed: seed, key: key)
    self.question = question
    questionDigest = trajectory.observation.question?.digest
  }
}
