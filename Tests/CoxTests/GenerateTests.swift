import Foundation
import TestSupport
import TestTraits
import Testing

@Suite("cox generate, as a user runs it", .modelsInProcess, .alone)
struct GenerateTests {
  @Test("Weighted answers under each kind of constraint; equal seeds give equal answers")
  func constraints() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let schema = try cox.write(
      #"{"type":"object","properties":{"size":{"enum":["small","large"]}},"required":["size"]}"#, to: "s.json")
    let grammar = try cox.write(#"root ::= ("red" | "blue") " " ("hat" | "scarf")"#, to: "g.gbnf")
    let prompts = try cox.write(
      "Name a colour.\n{\"id\":\"b/2\",\"prompt\":\"Name another.\"}\n", to: "prompts.txt")
    for (constraint, pattern) in [
      (["--regex", "[a-z]{3,6}"], #"[a-z]{3,6}"#), (["--schema", schema], #"\{"size":"(small|large)"\}"#),
      (["--grammar", grammar], "(red|blue) (hat|scarf)"), (["--choice", "red", "--choice", "blue"], "red|blue"),
    ] {
      let arguments = [
        "generate", "--prompts", prompts, "--particles", "4", "--max-tokens", "24", "--seed", "3", "--json", "-",
        "--quiet", "--picture", "tree.svg",
      ]
      let result = try await cox.run(arguments: arguments + constraint)
      #expect(result.status == 0, "\(result.errors)")
      let rows = try #require(result.json["prompts"] as? [[String: Any]])
      #expect(rows.compactMap { $0["id"] as? String } == ["1", "b/2"])
      for row in rows {
        let answers = try #require(row["answers"] as? [[String: Any]])
        for answer in answers {
          let text = try #require(answer["text"] as? String)
          #expect(text.range(of: "^(\(pattern))$", options: .regularExpression) != nil, "\(text)")
        }
        #expect(abs(answers.reduce(0) { $0 + ($1["weight"] as? Double ?? 0) } - 1) < 1e-9)
        #expect(((row["logEvidence"] as? Double) ?? 1) < 0.01)
      }
      for picture in ["tree-1-1.svg", "tree-2-b-2.svg"] {
        let svg = try String(contentsOf: cox.folder.appendingPathComponent(picture), encoding: .utf8)
        #expect(svg.hasPrefix("<svg"))
      }
    }
  }

  @Test("What cannot be enforced is refused, and an answer that cannot end is reported")
  func refusals() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let twice = try cox.write(#"{"id":"prompt-1","prompt":"b"}"#, to: "twice.jsonl")
    for (arguments, words) in [
      (["generate"], "--prompt"), (["generate", "--prompt", "a", "--regex", "("], "regex"),
      (["generate", "--prompt", "a", "--regex", "a", "--choice", "b"], "only one"),
      (["generate", "--prompt", "a", "--particles", "0"], "--particles"),
      (["generate", "--prompt", "a", "--particles", "1025"], "--particles"),
      (["generate", "--prompt", "a", "--power", "-1"], "--power"),
      (["generate", "--prompt", "a", "--power", "101"], "--power"),
      (["generate", "--prompt", "a", "--temperature", "1e-40"], "--temperature"),
      (["generate", "--prompt", "a", "--regex", "ab(?=c)"], "regex, character 3: lookahead"),
      (["generate", "--prompt", "a", "--regex", "ab(?=c)"], "\n    ^"),
      (["generate", "--prompt", "a", "--prompts", twice], "prompt-1"),
      (["generate", "--prompts", "none.txt"], "none.txt"),
      (["generate", "--prompt", "a", "--schema", "no.json"], "no.json"),
    ] {
      let result = try await cox.run(arguments: arguments)
      #expect(result.status == 2 && result.errors.contains(words), "\(arguments): \(result.errors)")
    }
    let long = try await cox.run(
      arguments: ["generate", "--prompt", "Count.", "--regex", "[0-9]{300}", "--max-tokens", "4", "--particles", "3"])
    #expect(
      long.status == 0 && long.output.contains("no particle") && long.output.contains("3 too long"), "\(long.output)")
  }

  @Test("A constraint is enforced to the character, and a prompt that is too long costs no other prompt its answer")
  func charactersAndFailures() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let prompts = try cox.write(
      "The capital of France is\n\(String(repeating: "word ", count: 20_000))\nThe sky is\n", to: "prompts.txt")
    let result = try await cox.run(
      arguments: [
        "generate", "--api", "text", "--prompts", prompts, "--choice", " Paris", "--choice", " blue", "--particles",
        "2",
        "--json", "-", "--quiet",
      ])
    #expect(result.status == 1 && result.errors.contains("2 of 3 prompts"), "\(result.errors)")
    let rows = try #require(result.json["prompts"] as? [[String: Any]])
    #expect(rows.compactMap { $0["id"] as? String } == ["1", "3"])
    for row in rows { #expect([" Paris", " blue"].contains(row["answer"] as? String)) }
    let failures = try #require(result.json["failures"] as? [[String: Any]])
    #expect(failures.compactMap { $0["id"] as? String } == ["2"])
  }
}
