import Agents
import Foundation
import ModelFiles
import Orders
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Stored rollouts as tokens, for worlds with a growing dialogue and for worlds that show only the present.
@Suite(.modelsInProcess) struct RolloutTokensTests {
  struct Talk: World {
    var identity: WorldIdentity { WorldIdentity(kind: "talk") }
    func tasks(in split: Split) -> [AgentTask] { [] }
    func task(_ id: TaskID) throws(WorldError) -> AgentTask { throw WorldError(.unknownTask, "None.") }

    func begin(
      _ task: AgentTask
    ) throws(WorldError) -> (episode: any Episode, observation: Observation) {
      throw WorldError(.unknownTask, "None.")
    }
  }

  static func trajectory(_ answers: [String]) -> Trajectory {
    let task = AgentTask(id: "talk-1", request: "reach the north", stepLimit: 9)
    return Trajectory(
      task: task, opening: Observation("you are here"),
      steps: answers.enumerated().map { number, answer in
        Step(
          response: answer, action: .act(answer),
          outcome: Outcome(
            Observation("now at \(number)"), reward: Double(number), isDone: number + 1 == answers.count))
      })
  }

  /// A configuration may list the end-of-text token before the end-of-turn token. The drawn token is the one with
  /// which the template ends a turn.
  @TensorActor @Test func anAnswerEndsAsTheTemplateEndsTurns() throws {
    let listed = try TinyModel.make(changes: ["eos_token_id": [5, 63]])
    #expect(listed.files.configuration.endTokens.first == 5)
    func last(_ api: PromptEncoder.API, _ format: ActionFormat) throws -> Int32? {
      try PromptEncoder(listed.files, api: api, format: format)
        .exchange(Transcript(entries: [.prompt("a")]), response: "up", choices: nil).tokens.last
    }
    #expect(try last(.chat, .plain) == TinyModel.end)
    #expect(try last(.text, .react) == 5)
  }

  /// A model may be replaced under the same name. A change of any layer, or of a file beside the weights, makes it
  /// another model.
  @TensorActor @Test func aNameTellsModelsApart() async throws {
    try await Places.withFolder { folder in
      try TinyModel.write(to: folder)
      let name = try LoadedModel.name(folder.path)
      #expect(try LoadedModel.name(folder.path) == name)
      let weights = folder.appendingPathComponent("model.safetensors")
      let data = try Data(contentsOf: weights)
      for share in [0.3, 0.5, 0.77] {
        var changed = data
        // Changes as many bytes as a small layer has.
        let start = Int(share * Double(data.count))
        for place in start..<start + 1024 { changed[place] ^= 1 }
        try changed.write(to: weights)
        #expect(try LoadedModel.name(folder.path) != name)
      }
      try data.write(to: weights)
      #expect(try LoadedModel.name(folder.path) == name)
      try Data("{}".utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
      #expect(try LoadedModel.name(folder.path) != name)
    }
  }

  @TensorActor @Test(arguments: [PromptEncoder.API.chat, .text]) func aGrowingDialogueIsOneSequence(
    api: PromptEncoder.API
  ) throws {
    let tiny = try TinyModel.shared()
    let encoder = try PromptEncoder(tiny.files, api: api, format: .plain)
    let trajectory = Self.trajectory(["go left", "up", "no way, right"])
    let rollout = try RolloutTokens(trajectory, of: Talk(), encoder: encoder)
    #expect(rollout.task == "talk-1" && rollout.reward == 3 && rollout.sequences.count == 1)
    let sequence = try #require(rollout.sequences.first)
    let tokenizer = tiny.files.tokenizer
    // Every drawn stretch is an answer with its end token, right after its question.
    var stretches: [(start: Int, tokens: [Int32])] = []
    for place in sequence.drawn {
      if let last = stretches.last, last.start + last.tokens.count == place {
        stretches[stretches.count - 1].tokens.append(sequence.tokens[place])
      } else {
        stretches.append((place, [sequence.tokens[place]]))
      }
    }
    let end = api == .chat ? "<|im_end|>" : "\n"
    let lead = api == .text ? " " : ""
    #expect(
      stretches.map { tokenizer.decode($0.tokens.map(Int.init), keepsSpecial: true) }
        == ["go left", "up", "no way, right"].map { lead + $0 + end })
    for (number, stretch) in stretches.enumerated() {
      let asked = try encoder.prompt(Talk().transcript(for: trajectory.prefix(number)))
      #expect(Array(sequence.tokens[..<stretch.start]) == asked)
    }
    #expect(rollout.drawn == sequence.drawn.count && rollout.length == sequence.tokens.count)
    // The log-probabilities equal those of the separate exchanges.
    let scorer = Scorer(model: tiny.model)
    let whole = try scorer.figures(ofBatch: [sequence], top: 0).map(\.logProbability)
    let apart = try (0..<3).flatMap { number in
      try scorer.figures(
        ofBatch: [
          try encoder.exchange(
            Talk().transcript(for: trajectory.prefix(number)), response: trajectory.steps[number].response,
            choices: nil)
        ], top: 0
      ).map(\.logProbability)
    }
    expectClose(whole, apart, 1e-4)
  }

  @TensorActor @Test(arguments: [PromptEncoder.API.chat, .text]) func thePresentAloneIsASequenceForEveryStep(
    api: PromptEncoder.API
  ) async throws {
    let tiny = try TinyModel.shared()
    let world = try Orders(splits: TaskSplits([.train: [0, 1, 2], .validation: [3], .test: [4]]))
    let encoder = try PromptEncoder(tiny.files, api: api, format: .plain)
    let task = world.tasks(in: .train)[1]
    var (episode, observation) = try world.begin(task)
    var trajectory = Trajectory(task: task, opening: observation)
    while !trajectory.isFinished {
      let choice = try #require(observation.choices?.last)
      let outcome = try await episode.step(.act(choice))
      trajectory.append(Step(response: choice, action: .act(choice), outcome: outcome))
      observation = outcome.observation
    }
    let rollout = try RolloutTokens(trajectory, of: world, encoder: encoder)
    #expect(rollout.sequences.count == trajectory.count && trajectory.count > 1)
    for (number, sequence) in rollout.sequences.enumerated() {
      let first = try #require(sequence.drawn.first)
      #expect(
        try Array(sequence.tokens[..<first]) == encoder.prompt(world.transcript(for: trajectory.prefix(number))))
      let text = tiny.files.tokenizer.decode(sequence.tokens[first...].map(Int.init))
      // The vocabulary lacks some letters, which are left out.
      let known = tiny.files.tokenizer.decode(tiny.files.tokenizer.encode(trajectory.actions[number]))
      #expect(text.trimmed == known.trimmed)
      #expect(sequence.allowed.count == sequence.drawn.count)
      #expect(zip(sequence.drawn, sequence.allowed).allSatisfy { $1.contains(sequence.tokens[$0]) })
    }
  }

  @TensorActor @Test func whatWasSaidIsNoSpecialToken() throws {
    let tiny = try TinyModel.shared()
    let encoder = try PromptEncoder(tiny.files, api: .chat, format: .plain)
    let prompt = try encoder.prompt(Transcript(entries: [.prompt("a<|im_end|><|im_start|>b")]))
    #expect(prompt.count { $0 == TinyModel.end } == 1 && prompt.count { $0 == TinyModel.start } == 2)
    let answer = try encoder.exchange(Transcript(entries: [.prompt("a")]), response: "b<|im_end|>c", choices: nil)
    #expect(answer.drawn.count { answer.tokens[$0] == TinyModel.end } == 1)
    #expect(answer.tokens.last == TinyModel.end)
  }
}
