import Agents
import Critics
import Findings
import Foundation
import ParticleFilter
import Policies
import Steering
import Testing

@testable import Workbench
@testable import cox

@Suite("The configuration file")
struct ConfigurationTests {
  static let least = "environment: { kind: orders }\npolicy: { kind: local }\n"

  static let anthropic = "environment: { kind: orders }\npolicy: { kind: anthropic, model: m, "
  static let openai = "environment: { kind: orders }\npolicy: { kind: openai, model: m, "

  static func failure(_ yaml: String) -> String? {
    do {
      _ = try Configuration(yaml: yaml, file: "c.yaml")
      return nil
    } catch { return "\(error)" }
  }

  @Test func theEmbeddedDefaultIsWhole() async throws {
    let configuration = try Configuration(yaml: Defaults.yaml, file: "embedded")
    let world = try await configuration.environment.make(observer: SilentObserver())
    #expect(try world.tasks(in: .train).count >= 50)
    #expect(try world.tasks(in: .test).count >= 40)
    #expect(configuration.policy.kind == LocalKind.self && configuration.policy.api == .text)
    #expect(configuration.steering.problem(stepLimit: 5) == nil)
  }

  @Test func withoutASteeringSectionTheScheduleIsAutomatic() throws {
    let configuration = try Configuration(yaml: Self.least, file: "c.yaml")
    #expect(configuration.isAutomatic)
    #expect(configuration.steering == (try Configuration(yaml: Self.least + "steering: {}", file: "c.yaml")).steering)
  }

  @Test func everyKeyOfTheContractIsRead() throws {
    let configuration = try Configuration(
      yaml: """
        environment: { kind: textcraft, maxSteps: 20, reward: inventoryValue, depths: "2...3",
                       tasks: { train: "0..<64", validation: [64, 65], test: "70..<100" } }
        policy:   { kind: openai, api: chat, url: "http://127.0.0.1:8080/v1", model: m, apiKeyVariable: OPENAI_API_KEY,
                    temperature: 1.0, topP: 0.95, maxTokens: 1024, format: react, concurrency: 32,
                    pricing: { inputPerMillion: 0.4, cachedInputPerMillion: 0.1, outputPerMillion: 1.6 } }
        critic:   { kind: trees }
        steering: { method: amc, particles: 15, temperature: 0.1, resample: { steps: [4, 12] }, resampler: systematic, answer: sample }
        limits:   { calls: 5000, cost: 2.0, seconds: 3600 }
        """, file: "c.yaml")
    #expect(
      configuration.environment.tasks[.train]?.count == 64 && configuration.environment.tasks[.validation] == [64, 65])
    let world = try #require(configuration.environment.own as? TextCraftSettings)
    #expect(world.depths == 2...3 && world.reward == .inventoryValue)
    #expect(configuration.policy.topP == 0.95 && configuration.policy.pricing.cachedInputPerMillion == 0.1)
    #expect(configuration.steering.schedule == .steps([4, 12]) && configuration.steering.particles == 15)
    #expect(configuration.steering.answer == .sample)
    #expect(configuration.limits == Limits(calls: 5000, cost: 2, seconds: 3600))
  }

  @Test("An environment that fails ends the attempt, or the run where the configuration says so")
  func onError() throws {
    let standard = try Configuration(yaml: Self.least, file: "c.yaml")
    #expect(standard.steering.onEnvironmentError == .fail)
    let yaml = "environment: { kind: orders, onError: stop }\npolicy: { kind: local }\nsteering: { particles: 3 }"
    let stopping = try Configuration(yaml: yaml, file: "c.yaml").steering
    #expect(stopping.onEnvironmentError == .stop && stopping.effective.onEnvironmentError == .stop)
    #expect(stopping.particles == 3)
    #expect(Self.failure(yaml.replacingOccurrences(of: "stop", with: "halt"))?.contains("one of fail, stop") == true)
    // The format of settings stored by older versions.
    let old =
      #"{"method":"amc","particles":8,"temperature":0.1,"schedule":{"never":{}},"resampler":"systematic","#
      + #""answer":"sample","divergence":"retry","seed":0}"#
    #expect(try JSONDecoder().decode(SteeringSettings.self, from: Data(old.utf8)).onEnvironmentError == .fail)
  }

  @Test(
    "resample in its forms",
    arguments: [
      ("none", Schedule.never), ("auto", nil),
      ("{ ess: 0.25 }", .effectiveSampleSize(below: 0.25)),
      ("{ ess: 0.25, every: 3 }", .effectiveSampleSize(below: 0.25, every: 3)), ("{ steps: [3, 1] }", .steps([1, 3])),
      ("\"steps:2,4\"", .steps([2, 4])),
    ])
  func resample(text: String, schedule: Schedule?) throws {
    let configuration = try Configuration(yaml: Self.least + "steering: { resample: \(text) }", file: "c.yaml")
    #expect(configuration.steering.schedule == schedule ?? .never)
    #expect(configuration.isAutomatic == (schedule == nil))
  }

  @Test func anUnknownKeyNamesTheNearest() {
    let message = Self.failure(Self.least + "steering:\n  particels: 5\n")
    #expect(message?.contains("c.yaml:4") == true)
    #expect(
      message?.contains("steering.particels") == true && message?.contains("did you mean steering.particles?") == true)
    #expect(Self.failure(Self.least + "limit: { calls: 1 }")?.contains("did you mean limits?") == true)
    #expect(
      Self.failure("environment: { kind: orders, task: {} }\npolicy: { kind: local }")?.contains("environment.tasks?")
        == true)
    #expect(
      Self.failure("environment: { kind: orders }\npolicy: { kind: local, apiKey: sk-123 }")?.contains("sk-123")
        == false)
  }

  @Test(
    "What is wrong is said with its place",
    arguments: [
      ("", "no environment"), ("environment: [1]", "not a mapping"), ("environment: { kind: orders }", "no policy"),
      (
        "environment: { kind: chess }\npolicy: { kind: local }",
        "orders, arithmetic, textcraft, shop, scienceworld, textworld-express, agentgym, openenv, ors, process"
      ),
      ("environment: { kind: orders }\npolicy: { kind: openai }", "policy.url"),
      (least + "steering: { particles: many }", "whole number"),
      (least + "steering: { resample: { steps: [1], ess: 0.5 } }", "either"),
      (least + "steering: { resample: sometimes }", "steps:4,8"), (least + "steering: { method: magic }", "best-of"),
      (least + "limits: 5", "not a mapping"), ("a: [unclosed", "not YAML"),
      ("environment: { kind: orders, tasks: { train: \"5..<x\" } }\npolicy: { kind: local }", "task numbers"),
      ("environment: { kind: orders }\npolicy: { kind: local, temperature: -1 }", "temperature"),
      ("environment: { kind: orders }\npolicy: { kind: local, concurrency: 0 }", "concurrency"),
      ("environment: { kind: orders }\npolicy: { kind: local, port: 70000 }", "port"),
      ("environment: { kind: orders }\npolicy: { kind: local, timeout: 1e17 }", "timeout"),
      (anthropic + "temperature: 1.2 }", "0 to 1"), (anthropic + "topP: 0.9, temperature: 0.5 }", "topP"),
      (anthropic + "thinkingTokens: much }", "adaptive"),
      (anthropic + "thinkingTokens: 2000 }", "thinkingTokens"),
      (openai + "url: \"http://example.com/v1\" }", "unencrypted"), (openai + "url: \"x\" }", "not the URL"),
      (openai + "url: \"https://example.com\", hedge: 1 }", "hedge"),
      ("environment: { kind: arithmetic }\npolicy: { kind: mlx, timeout: 9 }", "unknown key policy.timeout"),
      ("environment: { kind: arithmetic }\npolicy: { kind: mlx, choices: validate }", "unknown key policy.choices"),
      (openai + "url: \"https://example.com\", api: text, format: tools }", "tools"),
      (openai + "url: \"https://example.com\", pricing: { inputPerMillion: -1 } }", "inputPerMillion"),
      ("environment: { kind: orders }\npolicy: { kind: recorded }", "policy.recording"),
      (least + "limits: { tokens: -1 }", "limits.tokens"), (least + "limits: { cost: .nan }", "limits.cost"),
      (least + "limits: { calls: -1 }", "limits.calls"),
      ("environment: { kind: orders, maxSteps: 3 }\npolicy: { kind: local }", "environment.maxSteps"),
    ])
  func wrong(yaml: String, words: String) {
    #expect(Self.failure(yaml)?.contains(words) == true, "\(Self.failure(yaml) ?? "accepted")")
  }

  @Test func everyKeyOfAServerIsRead() throws {
    let policy = try Configuration(
      yaml: Self.openai + """
        url: "http://10.0.0.1/v1", allowPlainHTTP: true, adaptiveConcurrency: false, hedge: 0.95, deadline: 900, timeout: 30,
        attempts: 3, maxTokensParameter: max_completion_tokens, reasoningEffort: low, logprobs: true, format: tools,
        pricing: { inputPerMillion: 3, cacheWritePerMillion: 3.75 } }
        limits: { tokens: 5 }
        """, file: "c.yaml"
    )
    #expect(policy.policy.hedge == 0.95 && policy.policy.deadline == 900 && policy.policy.format == .tools)
    #expect(policy.policy.maxTokensParameter == .maxCompletionTokens && policy.policy.reasoningEffort == "low")
    #expect(policy.policy.logprobs && policy.policy.allowPlainHTTP && !policy.policy.adaptiveConcurrency)
    #expect(policy.policy.pricing.cacheWritePerMillion == 3.75 && policy.policy.pricing.cachedInputPerMillion == 3)
    #expect(policy.limits.tokens == 5)
    let claude = try Configuration(
      yaml: Self.anthropic + "thinkingTokens: 1024, maxTokens: 2048, promptCache: false }", file: "c.yaml")
    #expect(claude.policy.url == "https://api.anthropic.com/v1" && claude.policy.thinking == .tokens(1_024))
    #expect(!claude.policy.promptCache)
  }

  @Test("A judge takes the keys of a policy, with other defaults, and its own")
  func judge() throws {
    let short = try Configuration(
      yaml: Self.least + #"critic: { kind: judge, url: "https://judge.example.com/v1", model: j }"#, file: "c.yaml")
    let judge = try #require(short.critic.judge)
    #expect(
      short.critic.kind == JudgeKind.self && judge.policy.kind == OpenAIKind.self && judge.policy.section == "critic")
    #expect(judge.policy.temperature == 0 && judge.policy.maxTokens == 512 && judge.samples == 1)
    #expect(judge.instructions == nil && judge.rewards == nil && short.policy.temperature == 1)

    let file = FileManager.default.temporaryDirectory.appendingPathComponent("judge-\(UUID().uuidString).txt")
    try "Judge it.".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let long = try Configuration(
      yaml: Self.least + """
        critic: { kind: judge, policyKind: anthropic, model: j, apiKeyVariable: JUDGE_KEY, temperature: 0.7, maxTokens: 99,
                  concurrency: 3, timeout: 9, deadline: 90, attempts: 2, samples: 5, instructions: "\(file.path)",
                  scale: { from: -1, to: 2 }, pricing: { inputPerMillion: 3 } }
        """, file: "c.yaml")
    let other = try #require(long.critic.judge)
    #expect(other.policy.kind == AnthropicKind.self && other.policy.url == "https://api.anthropic.com/v1")
    #expect(other.policy.apiKeyVariable == "JUDGE_KEY" && other.policy.temperature == 0.7)
    #expect(other.policy.rules.concurrency == 3 && other.policy.rules.section == "critic")
    #expect(other.policy.rules.retry.attempts == 2 && other.policy.rules.deadline == 90)
    #expect(other.policy.pricing.inputPerMillion == 3 && other.policy.maxTokens == 99)
    #expect(other.samples == 5 && other.instructions == "Judge it." && other.rewards == -1...2)

    let local = try Configuration(
      yaml: Self.least + "critic: { kind: judge, policyKind: local, slots: 2, scale: { to: 3 } }", file: "c.yaml")
    #expect(local.critic.judge?.policy.slots == 2 && local.critic.judge?.rewards == 0...3)
  }

  @Test("A served reward model")
  func pooling() throws {
    let short = try Configuration(
      yaml: Self.least + #"critic: { kind: pooling, url: "http://127.0.0.1:8000", model: rm }"#, file: "c.yaml")
    let pooling = try #require(short.critic.pooling)
    #expect(
      short.critic.kind == PoolingKind.self && pooling.server.url == "http://127.0.0.1:8000"
        && pooling.critic.model == "rm")
    #expect(pooling.critic == PoolingCritic.Settings(model: "rm", rules: pooling.critic.rules))
    #expect(pooling.critic.rules == PoolingCritic.Settings(model: "rm").rules && pooling.server.apiKeyVariable == nil)
    let long = try Configuration(
      yaml: Self.least + """
        critic: { kind: pooling, url: "http://10.0.0.1", model: rm, apiKeyVariable: RM_KEY, batch: 8, scale: 0.5, offset: 1,
                  concurrency: 2, timeout: 9, deadline: 90, attempts: 3, allowPlainHTTP: true }
        """, file: "c.yaml")
    let other = try #require(long.critic.pooling)
    #expect(other.critic.batch == 8 && other.critic.scale == 0.5 && other.critic.offset == 1)
    #expect(other.critic.rules.concurrency == 2 && other.critic.rules.retry.attempts == 3)
    #expect(other.critic.rules.allowsPlainHTTP && other.critic.rules.section == "critic")
    #expect(other.server.apiKeyVariable == "RM_KEY")
  }

  static let judgeStart = least + "critic: { kind: judge, model: m, "
  static let poolingStart = least + "critic: { kind: pooling, model: m, "

  @Test(
    "What is wrong with a critic is said under its own section",
    arguments: [
      (least + "critic: { kind: magic }", "trees, judge, pooling, lm, constant"),
      (least + "critic: { kind: trees, model: m }", "unknown key critic.model"),
      (judgeStart + "}", "critic.url"),
      (least + "critic: { kind: judge, url: \"https://a.example.com\" }", "critic.model"),
      (judgeStart + "url: \"http://example.com/v1\" }", "critic.allowPlainHTTP"),
      (judgeStart + "url: \"https://u:p@example.com\" }", "critic.apiKeyVariable"),
      (judgeStart + "url: \"https://a.example.com\", sample: 3 }", "did you mean critic.samples?"),
      (judgeStart + "url: \"https://a.example.com\", temprature: 1 }", "did you mean critic.temperature?"),
      (judgeStart + "url: \"https://a.example.com\", samples: 0 }", "critic.samples is 0"),
      (judgeStart + "url: \"https://a.example.com\", samples: 3 }", "critic.temperature 0"),
      (judgeStart + "url: \"https://a.example.com\", maxTokens: 0 }", "critic.maxTokens"),
      (judgeStart + "url: \"https://a.example.com\", timeout: 0 }", "critic.timeout"),
      (judgeStart + "url: \"https://a.example.com\", scale: { from: 1 } }", "critic.scale.to"),
      (judgeStart + "url: \"https://a.example.com\", scale: { from: 1, to: 1 } }", "critic.scale goes"),
      (judgeStart + "url: \"https://a.example.com\", scale: { to: .inf } }", "critic.scale goes"),
      (judgeStart + "url: \"https://a.example.com\", scale: 1 }", "not a mapping"),
      (judgeStart + "url: \"https://a.example.com\", instructions: /nowhere/at/all.txt }", "critic.instructions"),
      (judgeStart + "url: \"https://a.example.com\", apiKeyVariable: sk-123 }", "critic.apiKeyVariable"),
      (judgeStart + "policyKind: recorded }", "openai, anthropic, local"),
      (judgeStart + "policyKind: anthropic, temperature: 1.2 }", "critic.temperature"),
      (judgeStart + "policyKind: local, url: \"https://a.example.com\" }", "unknown key critic.url"),
      (poolingStart + "}", "critic.url"),
      (least + "critic: { kind: pooling, url: \"https://a.example.com\" }", "critic.model"),
      (poolingStart + "url: \"http://example.com\" }", "critic.allowPlainHTTP"),
      (poolingStart + "url: \"https://a.example.com\", batch: 0 }", "critic.batch"),
      (poolingStart + "url: \"https://a.example.com\", bach: 2 }", "did you mean critic.batch?"),
      (poolingStart + "url: \"https://a.example.com\", scale: 0 }", "critic.scale"),
      (poolingStart + "url: \"https://a.example.com\", offset: .nan }", "critic.offset"),
      (poolingStart + "url: \"https://a.example.com\", attempts: 0 }", "critic.attempts"),
      (poolingStart + "url: \"https://a.example.com\", deadline: -1 }", "critic.deadline"),
      (poolingStart + "url: \"https://a.example.com\", temperature: 1 }", "unknown key critic.temperature"),
    ])
  func wrongCritic(yaml: String, words: String) {
    let message = Self.failure(yaml)
    #expect(message?.contains(words) == true && message?.contains("policy.") == false, "\(message ?? "accepted")")
    #expect(message?.contains("sk-123") != true)
  }

  @Test func taskNumbers() {
    #expect(TaskNumbers.parse("0..<3") == [0, 1, 2])
    #expect(TaskNumbers.parse("2...3, 7") == [2, 3, 7])
    #expect(TaskNumbers.parse("5..<5") == [])
    for bad in ["", "a", "3..<", "..<3", "5..<2", "1,,2", "-1", "0..<99999999999", "99999999999999999999"] {
      #expect(TaskNumbers.parse(bad) == nil, "\(bad)")
    }
  }

  @Test func editDistance() {
    #expect(distance("particles", "particels") == 2)
    #expect(distance("", "abc") == 3)
    #expect(distance("Same", "same") == 0)
  }
}
