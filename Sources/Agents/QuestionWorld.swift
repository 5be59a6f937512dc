/// A world whose observations are questions that a program asks its model, and whose actions are the answers: an agent's
/// own program.
package protocol QuestionWorld: World {
  /// The question that the program asks after `trajectory`.
  ///
  /// - Throws: `misconfigured` if the trajectory was not recorded in such a world.
  func question(after trajectory: Trajectory) throws(WorldError) -> ModelQuestion

  /// The question after `trajectory` as turns of text, for policies that only write texts.
  func transcript(of question: ModelQuestion, after trajectory: Trajectory) -> Transcript

  /// Starts the program again and answers its first questions as in `trajectory`.
  ///
  /// - Parameter keepsDivergences: whether a program that asks something else is kept nevertheless.
  /// - Returns: the episode after the last step, and how many questions differed.
  /// - Throws: `diverged` at the first question that differs.
  func resume(
    _ trajectory: Trajectory, keepsDivergences: Bool
  ) async throws(WorldError) -> (episode: any Episode, mismatches: Int)
}

extension PolicyRequest {
  /// The call that answers the question after a trajectory.
  package init(
    after trajectory: Trajectory, asking world: any QuestionWorld, seed: Seed, key: CallKey
  ) throws(WorldError) {
    let question = try world.question(after: trajectory)
    self.init(transcript: world.transcript(of: question, after: trajectory), seed: seed, key: key)
    self.question = question
    questionDigest = trajectory.observation.question?.digest
  }
}
