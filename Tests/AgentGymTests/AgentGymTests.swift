import Agents
import Testing

@testable import AgentGym

@Suite("The suite, before any server is asked")
struct AgentGymTests {
  static func suite(
    _ change: (inout AgentGym.Settings) -> Void = { _ in }, splits: [Split: [Int]] = [.train: [0, 7], .test: [3]]
  ) throws -> AgentGym {
    var settings = AgentGym.Settings(dialect: .sciworld, urls: ["http://127.0.0.1:36001"])
    change(&settings)
    return try AgentGym(settings, splits: TaskSplits(splits), prompting: Prompting("Do science."))
  }

  @Test func tasksAreNamedByTheirNumbers() async throws {
    let suite = try Self.suite()
    #expect(suite.tasks(in: .train).map(\.id) == ["sciworld-0", "sciworld-7"] && suite.tasks(in: .validation).isEmpty)
    #expect(try suite.task("4638").id == "sciworld-4638" && suite.task("sciworld-12").stepLimit == 30)
    #expect(suite.tasks(in: .test)[0].request == "" && suite.maximalReward == 1)
    for name in ["sciworld-4639", "textcraft-1", "-1", "", "sciworld-", "99999999999999999999", "1.5"] {
      let error = #expect(throws: EnvironmentError.self) { try suite.task(TaskID(name)) }
      #expect(error?.kind == .unknownTask)
    }
    await suite.close()
  }

  @Test func theIdentityNamesTheRulesAndNotTheServer() async throws {
    let suite = try Self.suite { $0.stepLimit = 20 }
    #expect(suite.identity.kind == "agentgym")
    #expect(suite.identity.rules == "sciworld; 20 steps; \(Prompting("Do science.").summary)")
    let moved = try Self.suite {
      $0.stepLimit = 20
      $0.urls = ["https://elsewhere.example/gym", "https://other.example"]
    }
    #expect(moved.identity == suite.identity)
    await suite.close()
    await moved.close()
  }

  @Test func wrongSettingsAreSaid() {
    let wrong: [((inout AgentGym.Settings) -> Void, String)] = [
      ({ $0.urls = [] }, "environment.url is missing"), ({ $0.urls = ["nowhere"] }, "environment.url is no URL"),
      ({ $0.urls = ["http://10.0.0.1:1"] }, "environment.allowPlainHTTP"),
      ({ $0.urls = ["http://127.0.0.1:1", "http://u:p@h"] }, "environment.urls[1]"),
      ({ $0.urls = ["http://127.0.0.1:1", "http://127.0.0.1:1"] }, "twice"),
      ({ $0.timeout = 0 }, "environment.timeout"), ({ $0.timeout = .infinity }, "environment.timeout"),
      ({ $0.concurrencyPerServer = 0 }, "environment.concurrency"), ({ $0.stepLimit = 0 }, "environment.maxSteps"),
      ({ $0.environmentsPerServer = 0 }, "environment.environmentsPerServer"),
    ]
    for (change, words) in wrong {
      let error = #expect(throws: EnvironmentError.self) { try Self.suite(change) }
      #expect(error?.kind == .misconfigured && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let error = #expect(throws: EnvironmentError.self) { try Self.suite(splits: [.train: [4639]]) }
    #expect(error?.message.contains("has 4639, numbered from 0") == true)
  }

  @Test func oneThatIsForgottenOpenDoesNoHarm() throws {
    _ = try Self.suite()
  }

  @Test func theTranscriptIsThePromptings() async throws {
    let suite = try Self.suite()
    let trajectory = Trajectory(task: try suite.task("0"), opening: Observation("Boil water."))
    #expect(suite.transcript(for: trajectory).entries == [.instructions("Do science."), .prompt("Boil water.")])
    await suite.close()
  }
}
