import Agents
import Foundation
import ParticleFilter
import Reporting
import TokenSteering

/// Weighted answers to prompts, with the figures that say how far to trust them.
package struct GenerateReport: Sendable, Codable {
  /// One text with its weight.
  package struct Answer: Sendable, Codable {
    package let text: String
    /// The normalised weight, summed over the particles with this text.
    package let weight: Double
    /// The particles with this text.
    package let particles: Int
  }

  /// The answers to one prompt.
  package struct Prompt: Sendable, Codable {
    package let id: String
    package let prompt: String
    /// Drawn by weight; nil if no particle has weight.
    package let answer: String?
    /// Distinct texts, heaviest first.
    package let answers: [Answer]
    package let effectiveSampleSize: Double
    /// log Ẑ, in nats: the log of the share of the model's mass that the constraint allows, if the power is 1.
    package let logEvidence: Double
    package let resamplings: Int
    /// Particles that could not end within the token limit. They have no weight.
    package let overLimit: Int
    /// Particles that could not go on. They have no weight.
    package let excluded: Int
    package let promptTokens: Int
    /// Tokens drawn, culled particles included.
    package let outputTokens: Int
    package let seconds: Double
  }

  /// A prompt without an answer.
  package struct Failure: Sendable, Codable {
    package let id: String
    package let prompt: String
    package let problem: String
  }

  package let model: String
  package let particles: Int
  package let power: Double
  package let constraint: String?
  package let seed: UInt64
  package let prompts: [Prompt]
  package let failures: [Failure]
  /// Whether the user ended the command before all prompts were asked.
  package let wasStopped: Bool

  /// For a terminal.
  package var text: String {
    let answered = prompts.map { prompt in
      let title = prompts.count + failures.count == 1 ? "" : "[\(prompt.id)] \(prompt.prompt.prefix(100))\n"
      // The lines of a text stay apart from the weights.
      let answers = prompt.answers.prefix(10).map {
        "  \(Self.rounded($0.weight, 3))  \($0.text.replacing("\n", with: "\n         "))"
      }
      let rest = prompt.answers.count > 10 ? ["  and \(prompt.answers.count - 10) more"] : []
      let none =
        prompt.answers.isEmpty
        ? ["  no particle ended an allowed answer: raise --max-tokens or --particles"] : []
      let lost = [(prompt.overLimit, "too long"), (prompt.excluded, "excluded")].filter { $0.0 > 0 }
        .map { ", \($0.0) \($0.1)" }.joined()
      let figures =
        "  ESS \(Self.rounded(prompt.effectiveSampleSize, 1)) of \(particles), log evidence \(Self.rounded(prompt.logEvidence, 2)), "
        + "\(prompt.resamplings) resamplings\(lost), \(prompt.outputTokens) tokens in \(Self.rounded(prompt.seconds, 1)) s"
      return title + (answers + rest + none + [figures]).joined(separator: "\n")
    }
    let failed = failures.map { "[\($0.id)] \($0.prompt.prefix(100))\n  no answer: \($0.problem)" }
    return (answered + failed).joined(separator: "\n\n")
  }

  private static func rounded(_ value: Double, _ digits: Int) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : value == -.infinity ? "−∞" : "\(value)"
  }
}

/// The particles of one prompt, for a picture.
package struct GeneratedPopulation: Sendable {
  /// The place of the prompt in the request, from 1.
  package let number: Int
  package let id: String
  package let prompt: String
  package let posterior: TokenPosterior
  package let vocabulary: TokenVocabulary
  package let limit: Int

  /// The genealogy with a token for each step. The number at a particle's end is its weight.
  package var picture: String {
    let task = AgentTask(id: TaskID(id), request: prompt, stepLimit: limit + 1)
    let weights = posterior.weights
    let trajectories = posterior.answers.enumerated().map { place, answer in
      let ends = answer.ending == .ended
      let tokens = answer.tokens.map { vocabulary.text(of: [$0]) } + (ends ? ["(end)"] : [])
      return Trajectory(
        task: task, opening: Observation(prompt),
        steps: tokens.enumerated().map { number, token in
          let isLast = number == tokens.count - 1
          return Step(
            response: token, action: .act(token),
            outcome: Outcome(Observation(""), reward: isLast ? weights[place] : 0, isDone: isLast && ends))
        })
    }
    return GenealogyPicture.svg(
      posterior.genealogy, task: task, rewards: weights, trajectories: trajectories,
      failed: Set(weights.indices.filter { posterior.logWeights.values[$0] == -.infinity }))
  }
}
