import Foundation
import TestSupport
import Testing

@testable import Workbench
@testable import cox

@Suite("Damaged configurations and artifacts are errors")
struct ConfigurationFuzzTests {
  static let configurations = [
    Defaults.yaml,
    """
    environment: { kind: textcraft, maxSteps: 20, reward: inventoryValue, depths: "2...3",
                   tasks: { train: "0..<64", validation: [64, 65], test: "70..<100" } }
    policy:   { kind: openai, api: chat, url: "http://127.0.0.1:8080/v1", model: m, apiKeyVariable: OPENAI_API_KEY,
                temperature: 1.0, topP: 0.95, maxTokens: 1024, format: react, concurrency: 32,
                pricing: { inputPerMillion: 0.4, cachedInputPerMillion: 0.1, outputPerMillion: 1.6 } }
    critic:   { kind: judge, url: "http://127.0.0.1:8080/v1", model: j, samples: 2, temperature: 0.5, scale: { from: 0, to: 1 } }
    steering: { method: amc, particles: 15, temperature: 0.1, resample: { steps: [4, 12] }, resampler: systematic, answer: sample }
    limits:   { calls: 5000, cost: 2.0, seconds: 3600 }
    """,
    """
    tracking:
      otel:   { url: "http://127.0.0.1:4318", headersVariable: OTEL_EXPORTER_OTLP_HEADERS, sample: 0.1, content: false, service: coxswain }
      mlflow: { url: "http://127.0.0.1:5000", experiment: name, tokenVariable: MLFLOW_TRACKING_TOKEN, report: false }
      wandb:  { project: name, entity: e, mode: offline, apiKeyVariable: WANDB_API_KEY, python: python3 }
    environment: { kind: agentgym, dialect: sciworld, urls: ["http://127.0.0.1:1"], dialectOverrides: { step: { path: /x, list: [1, a] } } }
    policy: { kind: anthropic, model: m, thinkingTokens: 2048, maxTokens: 4096, promptCache: false }
    critic: { kind: pooling, url: "http://127.0.0.1:8080", model: r, batch: 8, scale: 2, offset: -1 }
    """,
    """
    environment: &world { kind: process, command: [python3, w.py], processes: 2, timeout: 5, variables: [TOOL] }
    policy: { kind: recorded, recording: r.jsonl, identity: "a b" }
    """,
    """
    environment:
      kind: openenv
      url: "http://127.0.0.1:1"
      reset: { seed: 7, nested: [{ a: null }, 1.5, true] }
      tasks: { test: "0...9, 12" }
    policy: { kind: mlx, adapter: a, threads: 2, particles: 4, power: 2, constraint: { regex: "a+" } }
    """,
    """
    environment:
      kind: ors
      url: "http://127.0.0.1:1"
      splits: { test: held-out }
      secrets: { judge: JUDGE_KEY }
      tasks: { test: "0...9" }
    policy: { kind: local }
    """,
    """
    environment: { kind: orders, seed: 3, listed: "3...4", fields: { item: [a, b], size: [s, m, l] } }
    policy: { kind: local, slots: 4, context: 256, port: 8080 }
    """,
    "environment: { kind: textworld-express, game: twc, parameters: \"numLocations=1,includeDoors=0\", hiddenActions: [] }\npolicy: { kind: local }",
    "environment: { kind: scienceworld, games: variations, topics: [boil], simplifications: [teleportAction], memory: 512 }\npolicy: { kind: local }",
    "environment: { kind: arithmetic, terms: 4, numbers: \"1...9\", operations: [add, multiply] }\npolicy: { kind: local }",
    "environment: { kind: shop, products: 100, goals: synthetic, prompt: reflact, history: 100 }\npolicy: { kind: local }",
  ]

  @Test("Configurations", .timeLimit(.minutes(10)))
  func yaml() async {
    var sound = 0
    let words = [
      "kind:", "tasks:", "0..<", "...", "steps:4", "ess:0.5", "- ", "? ", "!!float ", "0x", "~", "{ steps: [1] }",
    ]
    for await data in Fuzz("Configuration", Self.configurations, count: 800, words: words) {
      if (try? Configuration(yaml: String(decoding: data, as: UTF8.self), file: "fuzz.yaml")) != nil { sound += 1 }
    }
    #expect(sound > Self.configurations.count / 2)
  }

  @Test("Depth and aliases", .timeLimit(.minutes(10)))
  func deep() {
    let least = "environment: { kind: orders }\npolicy: { kind: local }\n"
    let alias = (1...40).reduce("a0: &a0 [x]\n") { $0 + "a\($1): &a\($1) [*a\($1 - 1), *a\($1 - 1)]\n" }
    let over =
      alias
      + "environment: { kind: openenv, url: \"http://127.0.0.1:1\", reset: { all: *a40 } }\npolicy: { kind: local }\n"
    for text in [
      String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 200_000),
      least + "critic: " + String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000),
      String(repeating: "- ", count: 200_000), String(repeating: "? ", count: 100_000), over,
      (0..<20_000).map { String(repeating: " ", count: $0 % 400) + "a:\n" }.joined(),
      (0..<3_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    ] {
      #expect(throws: (any Error).self, "\(text.prefix(30))") { try Configuration(yaml: text, file: "deep.yaml") }
    }
  }
}
