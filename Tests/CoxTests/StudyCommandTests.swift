import Findings
import Foundation
import Reporting
import Steering
import TestTraits
import Testing

/// Uses the bundled model, without a stand-in, on sums of three numbers, which keeps the test short.
@Suite("cox study and cox tokens", .alone, .modelsInProcess)
struct StudyCommandTests {
  static let configuration = """
    environment:
      kind: arithmetic
      terms: 3
      tasks: { train: "0..<4", validation: "100..<102", test: "200..<202" }
    policy: { kind: mlx, api: text, format: plain, temperature: 1.2, maxTokens: 6, concurrency: 16, threads: 1 }
    critic: { kind: trees }
    steering: { method: amc, particles: 2, temperature: 0.1, resample: "steps:1", answer: search }
    """

  /// Two steps of each training, at a rate that changes the model in two steps. Nothing is held out, so the last step
  /// is kept.
  static let settings = [
    "--rollouts", "4", "--attempts", "4", "--particles", "2", "--token-rollouts", "2", "--steps", "2", "--batch", "2",
    "--steps-per-round", "2", "--tasks-per-round", "2", "--group", "3", "--threshold", "0.2", "--held-out", "0",
    "--rank", "2",
    "--learning-rate", "0.02", "--warm-up", "1",
  ]

  private func study(_ cox: Command, _ file: String, _ more: String...) async throws -> Command.Result {
    let (process, output, errors) = try cox.start(["study", "--config", file] + Self.settings + more)
    return await Command.finish(process, output, errors)
  }

  @Test("A study runs from nothing to its findings, goes on where it stopped, and asks for nothing when it is done")
  func whole() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.configuration, to: "c.yaml")
    // A stage whose inputs are missing is refused with an explanation.
    let early = try await study(cox, file, "--stages", "steer-base")
    #expect(early.status == 2 && early.errors.contains("needs critic"), "\(early.errors)")
    let begun = try await study(cox, file, "--stages", "collect,attempts-base", "--json", "-")
    #expect(begun.status == 0, "\(begun.errors)")
    #expect((begun.json["missing"] as? [String])?.count == 11)

    let done = try await study(cox, file, "--json", "-")
    #expect(done.status == 0, "\(done.errors)")
    // The stages of the first part are not repeated.
    #expect(!done.errors.contains("study: collect\n") && done.errors.contains("study: critic\n"))
    let findings = try JSONDecoder().decode(StudyFindings.self, from: Data(done.output.utf8))
    #expect(findings.missing.isEmpty)
    #expect(findings.models.map(\.name) == ["base", "reasonmaxxer", "grpo"])
    #expect(findings.models.allSatisfy { $0.sample.rows.count == 2 && $0.sample.attempts == 4 })
    #expect(Set(findings.models.map(\.policy)).count == 3)
    #expect(findings.trainings.map(\.kept) == [2, 2])
    #expect(
      findings.steered.map { "\($0.model) \($0.particles) \($0.resample)" } == [
        "base 1 none", "base 2 steps:1", "reasonmaxxer 1 none", "reasonmaxxer 2 steps:1",
      ])
    // The single particle is the first of the attempts.
    #expect(findings.steered[0].rows.map(\.best) == findings.models[0].sample.rows.map { $0.rewards[0] })
    #expect(findings.steered[0].work.processorSeconds == nil)
    #expect((findings.steered[1].work.processorSeconds ?? 0) > 0)
    #expect(findings.reached.count == 6 && findings.share != nil && (findings.tokenRatio ?? 0) > 0)
    #expect(findings.preparations.allSatisfy { ($0.work.processorSeconds ?? 0) > 0 && $0.work.calls > 0 })
    // A round is scored once, under the frozen model. Two steps of learning follow.
    #expect(
      findings.preparation("grpo").map { $0.trainedTokens > 0 && 2 * $0.scoredTokens == $0.trainedTokens } == true)
    #expect(findings.tokens.count == 2 && findings.tokens.allSatisfy { $0.tokens > 0 && $0.attempts == 2 })

    let again = try await study(cox, file, "--json", "-")
    #expect(again.output == done.output && !again.errors.contains("study:"))
    let left = try await study(cox, file, "--dry-run", "--json", "-")
    #expect(left.json["calls"] as? Int == 0)
    // A stage whose file is gone is rebuilt from stored answers. Its cost is unknown.
    let stage = cox.folder.appendingPathComponent(".coxswain/study/attempts-grpo.json")
    try FileManager.default.removeItem(at: stage)
    let found = try await study(cox, file, "--json", "-")
    let third = try JSONDecoder().decode(StudyFindings.self, from: Data(found.output.utf8)).models[2]
    #expect(third.sample == findings.models[2].sample && third.work.processorSeconds == nil)

    try await tokens(cox, file, findings)
    let report = try await cox.run("report", "--config", file, "--output", "r.html", "--json", "-")
    #expect((report.json["sections"] as? [String])?.contains("study") == true, "\(report.errors)")
  }

  /// `cox tokens` computes the same figures from what the study has stored.
  private func tokens(_ cox: Command, _ file: String, _ findings: StudyFindings) async throws {
    let adapter = try #require(findings.trainings.last?.adapter)
    let looked = try await cox.run(
      "tokens", "--config", file, "--adapter", adapter, "--picture", "p.svg", "--json", "-")
    #expect(looked.status == 0, "\(looked.errors)")
    let tokens = try JSONDecoder().decode(TokenFindings.self, from: Data(looked.output.utf8))
    #expect(tokens.agreement == findings.tokens[1].agreement && tokens.forks == findings.tokens[1].forks)
    #expect(tokens.passes == findings.tokens[1].passes)
    #expect(tokens.forks > 0, "two steps at this rate move the model")
    #expect(tokens.passes.map(\.name) == ["base", "tuned", "oracle", "random"])
    let svg = try String(contentsOf: cox.folder.appendingPathComponent("p.svg"), encoding: .utf8)
    #expect(svg.contains("cox-forks") && svg.contains("fork"))
    // All answers were stored.
    let counts = looked.errors.matches(of: /(\d+) calls \((\d+) stored\)/).map { ($0.1, $0.2) }
    #expect(counts.count >= 4 && counts.allSatisfy { $0.0 == $0.1 }, "\(looked.errors)")
  }

  @Test("What cannot be looked at is said")
  func faults() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.configuration, to: "c.yaml")
    let none = try await cox.run("tokens", "--config", file)
    #expect(none.status == 2 && none.errors.contains("--adapter"))
    let lost = try await cox.run("tokens", "--config", file, "--adapter", "./nowhere")
    #expect(lost.status != 0 && lost.errors.contains("There is no adapter in ./nowhere"), "\(lost.errors)")
    let stage = try await cox.run("study", "--config", file, "--stages", "everything")
    #expect(stage.status == 2 && stage.errors.contains("the stages are collect, critic"))
    let tasks = try await cox.run("study", "--config", file, "--test-tasks", "0..<5", "--dry-run")
    #expect(tasks.status == 2 && tasks.errors.contains("--test-tasks 0..<5 goes past"))
  }
}
