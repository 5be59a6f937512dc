import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Training uses exactly the tokens that were drawn.
@Suite(.modelsInProcess) struct DrawnTokensTests {
  /// Answers of a model that spells a text in several ways.
  @TensorActor
  static func answers(_ tiny: LoadedModel, _ drawn: DrawnTokens, count: Int) async throws -> [Trajectory] {
    var noting = tiny
    noting.drawn = drawn
    let policy = try MLXPolicy(
      noting, encoder: PromptEncoder(tiny.files, api: .chat, format: .react),
      sampling: Sampling(temperature: 1, maxTokens: 6), settings: .init(cacheBytes: 1 << 24))
    let task = AgentTask(id: "talk-1", request: "reach the north", stepLimit: 9)
    var trajectories: [Trajectory] = []
    for number in 0..<count {
      var trajectory = Trajectory(task: task, opening: Observation("you are here"))
      for step in 0..<2 {
        let key = CallKey(run: "test", task: task.id, particle: number, step: step)
        let world = RolloutTokensTests.Talk()
        let transcript = ActionFormat.react.applied(to: world.transcript(for: trajectory))
        let response = try await policy.respond(
          to: PolicyRequest(transcript: transcript, seed: key.seed(from: Seed(4)), key: key))
        trajectory.append(
          Step(
            response: response.text, action: .act("go"),
            outcome: Outcome(Observation("now"), reward: 0, isDone: false)))
      }
      trajectories.append(trajectory)
    }
    return trajectories
  }

  @TensorActor @Test func ratiosAreOfTheTokensThatWereDrawn() async throws {
    let tiny = try TinyModel.make(seed: 8, spread: 0.15)
    let encoder = try PromptEncoder(tiny.files, api: .chat, format: .react)
    let drawn = try DrawnTokens()
    let trajectories = try await Self.answers(tiny, drawn, count: 12)
    var differing = 0
    for trajectory in trajectories {
      let usual = try RolloutTokens(trajectory, of: RolloutTokensTests.Talk(), encoder: encoder)
      let rollout = try RolloutTokens(trajectory, of: RolloutTokensTests.Talk(), encoder: encoder, drawn: drawn)
      if usual.sequences != rollout.sequences { differing += 1 }
      let known = try #require(rollout.drawnLogProbabilities)
      #expect(known.count == rollout.drawn && usual.drawnLogProbabilities == nil)
      let figures = try Scorer(model: tiny.model).figures(ofBatch: rollout.sequences, top: 0)
      expectClose(figures.map(\.logProbability), known, 1e-4, "\(trajectory.steps.map(\.response))")
      // Each record was removed when it was read, so the probabilities are now unknown.
      let again = try RolloutTokens(trajectory, of: RolloutTokensTests.Talk(), encoder: encoder, drawn: drawn)
      #expect(again.sequences == usual.sequences && again.drawnLogProbabilities == nil)
    }
    // Otherwise the drawn tokens would not have mattered.
    #expect(differing > 3)
  }

  /// A stopped training finds its drawn tokens when it resumes.
  @TensorActor @Test func theyAreKeptInAFile() async throws {
    let tiny = try TinyModel.make(seed: 8, spread: 0.15)
    let encoder = try PromptEncoder(tiny.files, api: .chat, format: .react)
    try await Places.withFolder { folder in
      let path = folder.appendingPathComponent("drawn-0.jsonl").path
      let trajectories = try await Self.answers(tiny, DrawnTokens(path), count: 3)
      // The last line is cut off, as after a kill.
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      try data.dropLast(9).write(to: URL(fileURLWithPath: path))
      let kept = try DrawnTokens(path)
      let rollouts = try trajectories.map {
        try RolloutTokens($0, of: RolloutTokensTests.Talk(), encoder: encoder, drawn: kept)
      }
      #expect(rollouts.count { $0.drawnLogProbabilities != nil } == 2)
      let later = try await Self.answers(tiny, DrawnTokens(path), count: 1)
      let found = try RolloutTokens(
        later[0], of: RolloutTokensTests.Talk(), encoder: encoder, drawn: DrawnTokens(path))
      #expect(found.drawnLogProbabilities != nil)
    }
  }

  /// A choice drawn in an unusual spelling has the same allowed tokens as when it was drawn.
  @TensorActor @Test func choicesAreConfinedAlongWhatWasDrawn() throws {
    let tiny = try TinyModel.shared()
    let encoder = try PromptEncoder(tiny.files, api: .chat, format: .plain)
    let letters = "left".map { Int32(tiny.files.tokenizer.encode(String($0))[0]) }
    let sequence = encoder.exchange([1, 2, 3], drawn: letters, choices: ["left", "let"])
    #expect(sequence.drawn == [3, 4, 5, 6] && Array(sequence.tokens.suffix(4)) == letters)
    #expect(zip(letters, sequence.allowed).allSatisfy { $1.contains($0) })
    #expect(encoder.exchange([1], drawn: letters, choices: nil).allowed.isEmpty)
  }
}
