import AgentGym
import Foundation
import ScienceWorld
import TestTraits
import Testing

@testable import Workbench
@testable import cox

@Suite("Worlds, from the configuration")
struct WorldSettingsTests {
  private static func failure(_ environment: String) async -> String? {
    do {
      let configuration = try Configuration(
        yaml: "environment: { \(environment) }\npolicy: { kind: local }", file: "c.yaml")
      _ = try await configuration.environment.withWorld(observer: SilentObserver()) { _ in }
      return nil
    } catch { return "\(error)" }
  }

  @Test(
    "What is wrong is said",
    arguments: [
      ("kind: scienceworld, simplifications: [easier]", "easier, which is none of teleportAction"),
      ("kind: scienceworld, games: all, topics: [boil]", "environment.topics goes with games: variations"),
      ("kind: scienceworld, topics: [boil], tasks: { train: 3 }", "the simulator's own splits are used"),
      ("kind: scienceworld, topics: [bake]", "no task \"bake\""),
      ("kind: scienceworld, java: /nowhere/java", "apt-get install"),
      ("kind: scienceworld, jar: /nowhere/x.jar", "pip install"),
      ("kind: scienceworld, memory: 1", "environment.memory"),
      ("kind: textworld-express", "environment.game is missing: one of cookingworld, twc"),
      ("kind: textworld-express, game: chess", "one of cookingworld, twc"),
      ("kind: textworld-express, game: twc, parameters: \"numRooms=1\"", "Those of twc: numLocations (1 to 3)"),
      ("kind: textworld-express, game: coin, tasks: { train: 1000 }", "dev has 10000 to 10999"),
      (
        "kind: textworld-express, game: twc, jar: /nowhere/x.jar, gatewayJar: /nowhere/y.jar",
        "pip install textworld-express"
      ),
      ("kind: shop, prompt: /nowhere/prompt.txt", "no readable file /nowhere/prompt.txt"),
      ("kind: shop, history: -1", "environment.history is -1"), ("kind: shop, products: 0", "0"),
      ("kind: process, command: [\"true\"], maxSteps: 0", "environment.maxSteps is 0"),
      ("kind: process", "environment.command is missing"),
      ("kind: process, command: [\"true\"], timeout: 0", "timeout"),
      ("kind: agentgym", "environment.dialect is missing: one of sciworld"),
      ("kind: agentgym, dialect: chess, url: \"http://127.0.0.1:1\"", "there are sciworld"),
      ("kind: agentgym, dialect: textcraft", "environment.url is missing"),
      ("kind: agentgym, dialect: textcraft, url: x, urls: [y]", "both url and urls"),
      ("kind: agentgym, dialect: textcraft, url: \"http://a:b@c\"", "holds a user or a password, which is not sent"),
      ("kind: agentgym, dialect: textcraft, url: \"http://example.com\"", "environment.allowPlainHTTP"),
      ("kind: agentgym, dialect: textcraft, url: \"http://127.0.0.1:1\", tasks: { train: 544 }", "has 544"),
      (
        "kind: agentgym, dialect: textcraft, url: \"http://127.0.0.1:1\", dialectOverrides: { don: x }",
        "don is unknown"
      ),
      ("kind: agentgym, dialect: textcraft, url: \"http://127.0.0.1:1\", dialectOverrides: 5", "a mapping of keys"),
      ("kind: openenv", "environment.url is missing"),
      ("kind: openenv, url: \"http://127.0.0.1:1\"", "127.0.0.1:1"),
      ("kind: openenv, url: \"http://127.0.0.1:1\", rendering: xml", "one of text, json"),
      ("kind: ors", "environment.url is missing"), ("kind: ors, url: \"http://127.0.0.1:1\"", "127.0.0.1:1"),
      ("kind: ors, url: \"http://example.com\"", "unencrypted"),
      ("kind: ors, url: \"http://127.0.0.1:1\", apiKeyVariable: \"sk-1\"", "environment.apiKeyVariable is not"),
      ("kind: ors, url: \"http://127.0.0.1:1\", secrets: { judge: \"sk-1\" }", "environment.secrets.judge is not"),
      ("kind: ors, url: \"http://127.0.0.1:1\", apiKeyVariable: COXSWAIN_UNSET", "COXSWAIN_UNSET"),
      ("kind: ors, url: \"http://127.0.0.1:1\", images: keep", "one of refuse, note"),
      ("kind: orders, prompt: react", "unknown key environment.prompt"),
      ("kind: arithmetic, terms: 1", "environment.terms is 1"),
      ("kind: arithmetic, numbers: \"2...100\"", "within 0...99"),
      ("kind: arithmetic, operations: [add, divide]", "a list of add, subtract, multiply"),
      ("kind: arithmetic, operations: []", "environment.operations names none"),
      ("kind: arithmetic, tasks: { test: 4093 }", "there are 4093"),
      ("kind: arithmetic, prompt: brief", "no brief prompt"),
      ("kind: textcraft, distractors: -1", "environment.distractors is -1"),
      ("kind: textcraft, ways: shortest", "one of all, cheapest"),
      ("kind: textcraft, lengths: 1", "environment.lengths is 1...1"),
    ])
  func wrong(environment: String, words: String) async {
    let failure = await Self.failure(environment)
    #expect(failure?.contains(words) == true, "\(failure ?? "accepted")")
  }

  @Test func aDialectIsChangedByTheConfiguration() throws {
    let configuration = try Configuration(
      yaml: """
        environment: { kind: agentgym, dialect: sciworld, urls: ["http://127.0.0.1:1", "http://127.0.0.1:2"], prompt: reflact,
          dialectOverrides: { name: forge, rewardScale: 10, taskCount: null, resetFields: { level: "3", deep: [1, true, 0.5] } } }
        policy: { kind: local }
        """, file: "c.yaml")
    let kind = try #require(configuration.environment.own as? AgentGymSettings)
    let world = try #require(try kind.make(configuration.environment, observer: SilentObserver()) as? AgentGym)
    #expect(world.dialect.rewardScale == 10 && world.dialect.taskCount == nil)
    #expect(world.dialect.resetFields == ["level": "3", "deep": [1, true, 0.5]])
    // The prompting is that of the dialect the world was made from.
    #expect(world.prompting == ScienceWorld.prompting.reflecting(ScienceWorld.reflection))
    #expect(try world.task("forge-9999").id == "forge-9999")
  }

  @Test func promptsExamplesAndHistoryCanBeTheUsers() throws {
    let cox = try Command()
    defer { cox.clean() }
    let prompt = try cox.write("\n Shop well. \n", to: "mine.txt")
    let examples = try cox.write("examples:\n- { prompt: a page, response: \"Action: click[x]\" }", to: "e.yaml")
    func settings(_ keys: String) throws -> PromptSettings {
      try Configuration(
        yaml: "environment: { kind: shop, \(keys) }\npolicy: { kind: local }", file: "c.yaml"
      ).environment.prompts
    }
    let mine = try settings("prompt: \(prompt), examples: \(examples), history: 7").applied(to: .init("I"))
    #expect(
      mine == .init("Shop well.", examples: [.init(prompt: "a page", response: "Action: click[x]")], historyLimit: 7))
    let world = try settings("prompt: react").applied(to: .init("I", historyLimit: 3))
    #expect(world == .init("I", historyLimit: 3))
    #expect(try settings("prompt: reflact").applied(to: .init("I"), reflection: "R").instructions == "I\n\nR")
    for (text, words) in [
      ("", "no examples"), ("examples: [{ prompt: p }]", "a prompt and a response"), ("x: 1", "no examples"),
    ] {
      let file = try cox.write(text, to: "bad.yaml")
      let error = #expect(throws: ConfigurationError.self) { try settings("examples: \(file)").applied(to: .init("I")) }
      #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }
    let empty = try cox.write(" \n", to: "empty.txt")
    #expect(throws: ConfigurationError.self) { try settings("prompt: \(empty)").applied(to: .init("I")) }
  }
}

@Suite("Worlds that are processes, as a user runs them", .alone)
struct WorldProcessTests {
  @Test("The simulators end with cox, whether it is stopped or killed", arguments: [(SIGINT, 655), (SIGKILL, 656)])
  func noProcessOutlivesCox(signal: Int32, memory: Int) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: scienceworld, memory: \(memory), maxSteps: 10000, tasks: { test: 0 } }
      policy: { kind: local }
      """, to: "c.yaml")
    let (process, output, errors) = try cox.start(
      ["check-environment", "--config", file, "--action", "look around"])
    #expect(try await comesTrue { !simulators(memory: memory).isEmpty })
    kill(process.processIdentifier, signal)
    let result = await Command.finish(process, output, errors)
    if signal == SIGINT { #expect(result.status == 1 && result.errors.contains("Stopping"), "\(result.errors)") }
    #expect(try await comesTrue { simulators(memory: memory).isEmpty })
  }

  @Test func whatThePolicyReadsIsPrinted() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      "environment: { kind: shop, prompt: reflact, tasks: { test: 5 } }\npolicy: { kind: local }", to: "c.yaml")
    let result = try await cox.run("check-environment", "--config", file, "--print-prompt")
    #expect(result.status == 0, "\(result.errors)")
    for part in [
      "=== system", "You shop online", "Take stock", "Thought:", "=== user", "Instruction:", "=== parameters",
      "Observation:",
    ] {
      #expect(result.output.contains(part), "\(part)")
    }
  }

  @Test(
    "what is printed is what is sent, whatever the policy",
    arguments: [
      ("{ kind: openai, url: \"http://127.0.0.1:9/v1\", model: m }", ["system", "user", "parameters"]),
      (
        "{ kind: openai, url: \"http://127.0.0.1:9/v1\", model: m, api: text, format: plain }",
        ["prompt", "parameters"]
      ),
      ("{ kind: openai, url: \"http://127.0.0.1:9/v1\", model: m, format: tools }", ["system", "user", "parameters"]),
      ("{ kind: anthropic, model: m }", ["system", "user", "parameters"]),
    ])
  func everyPolicysRequestIsPrinted(policy: String, titles: [String]) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let maze = Command.root.appendingPathComponent("Examples/Maze/maze.py").path
    let file = try cox.write(
      "environment: { kind: process, command: [python3, \(maze)] }\npolicy: \(policy)", to: "c.yaml")
    let shown = try await cox.run("check-environment", "--config", file, "--print-prompt")
    #expect(shown.status == 0, "\(shown.errors)")
    let lines = shown.output.split(separator: "\n").filter { $0.hasPrefix("=== ") }.map { $0.dropFirst(4) }
    #expect(lines.map(String.init) == titles, "\(shown.output)")
    // The prompt contains the world's choices.
    #expect(shown.output.contains("Possible actions:\n- ") && shown.output.contains("You are in column"))
    let written = try await cox.run("check-environment", "--config", file, "--print-prompt", "--json", "-")
    #expect(written.json["model"] as? String == "m")
    let format = policy.contains("plain") ? "plain" : policy.contains("tools") ? "tools" : "react"
    let stop = (written.json["stop"] ?? written.json["stop_sequences"]) as? [String]
    #expect(stop == ["react": ["\nObservation:"], "plain": ["\n"]][format])
    #expect((written.json["tools"] != nil) == (format == "tools"))
  }

  @Test func theOrderDeskIsAskedAsItAlwaysWas() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      "environment: { kind: orders, tasks: { test: 5 } }\npolicy: { kind: local, api: text, format: plain }",
      to: "c.yaml")
    let result = try await cox.run("check-environment", "--config", file, "--print-prompt")
    let prompt = result.output.components(separatedBy: "\n=== parameters").first ?? ""
    #expect(
      prompt
        == """
        === prompt
        Choose the options that match what the customer wants.

        We have coat, sweater, blanket, shirt. I want seven large orange leather sweater, so I pick the item sweater
        We have jacket, bag, coat. I want five huge yellow wool jacket, so I pick the item jacket
        We have skirt, hat, dress. I want nine small blue rubber skirt, so I pick the item skirt
        ORDER
        """.replacing("ORDER", with: prompt.split(separator: "\n").last ?? ""))
    #expect(prompt.hasSuffix("so I pick the item") && !prompt.contains("Possible actions"))
  }

  /// The simulators on this machine that were started with this much memory.
  private func simulators(memory: Int) -> [pid_t] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap { pid_t($0) }.filter { id in
      guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return false }
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.contains("-Xmx\(memory)m") && words.contains("py4j.GatewayServer")
    }
  }

  private func comesTrue(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<1_200 where !condition() { try await Task.sleep(for: .milliseconds(50)) }
    return condition()
  }
}
