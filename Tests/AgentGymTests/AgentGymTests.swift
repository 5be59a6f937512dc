import Agents
import Testing

@testable import AgentGym

@Suite("The world, before any server is asked")
struct AgentGymTests {
  static func world(
    _ change: (inout AgentGym.Settings) -> Void = { _ in }, splits: [Split: [Int]] = [.train: [0, 7], .test: [3]]
  ) throws -> AgentGym {
    var settings = AgentGym.Settings(dialect: .sciworld, urls: ["http://127.0.0.1:36001"])
    change(&settings)
    return try AgentGym(settings, splits: TaskSplits(splits), prompting: Prompting("Do science."))
  }

  @Test func tasksAreNamedByTheirNumbers() async throws {
    let world = try Self.world()
    #expect(world.tasks(in: .train).map(\.id) == ["sciworld-0", "sciworld-7"] && world.tasks(in: .validation).isEmpty)
    #expect(try world.task("4638").id == "sciworld-4638" && world.task("sciworld-12").stepLimit == 30)
    #expect(world.tasks(in: .test)[0].request == "" && world.maximalReward == 1)
    for name in ["sciworld-4639", "textcraft-1", "-1", "", "sciworld-", "99999999999999999999", "1.5"] {
      let error = #expect(throws: WorldError.self) { try world.task(TaskID(name)) }
      #expect(error?.kind == .unknownTask)
    }
    await world.close()
  }

  @Test func theIdentityNamesTheRulesAndNotTheServer() async throws {
    let world = try Self.world { $0.stepLimit = 20 }
    #expect(world.identity.kind == "agentgym")
    #expect(world.identity.rules == "sciworld; 20 steps; \(Prompting("Do science.").summary)")
    let moved = try Self.world {
      $0.stepLimit = 20
      $0.urls = ["https://elsewhere.example/gym", "https://other.example"]
    }
    #expect(moved.identity == world.identity)
    await world.close()
    await moved.close()
  }

  @Test func wrongSettingsAreSaid() {
    let wrong: [((inout AgentGym.Settings) -> Void, String)] = [
      ({ $0.urls = [] }, "environment.url is missing"), ({ $0.urls = ["nowhere"] }, "environment.url is not the URL"),
      ({ $0.urls = ["http://10.0.0.1:1"] }, "environment.allowPlainHTTP"),
      ({ $0.urls = ["http://127.0.0.1:1", "http://u:p@h"] }, "environment.urls[1]"),
      ({ $0.urls = ["http://127.0.0.1:1", "http://127.0.0.1:1"] }, "twice"),
      ({ $0.timeout = 0 }, "environment.timeout"), ({ $0.timeout = .infinity }, "environment.timeout"),
      ({ $0.concurrencyPerServer = 0 }, "environment.concurrency"), ({ $0.stepLimit = 0 }, "environment.maxSteps"),
      ({ $0.environmentsPerServer = 0 }, "environment.environmentsPerServer"),
    ]
    for (change, words) in wrong {
      let error = #expect(throws: WorldError.self) { try Self.world(change) }
      #expect(error?.kind == .misconfigured && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let error = #expect(throws: WorldError.self) { try Self.world(splits: [.train: [4639]]) }
    #expect(error?.message.contains("has 4639, numbered from 0") == true)
  }

  @Test func oneThatIsForgottenOpenDoesNoHarm() throws {
    _ = try Self.world()
  }

  @Test func theTranscriptIsThePromptings() async throws {
    let world = try Self.world()
    let trajectory = Trajectory(task: try world.task("0"), opening: Observation("Boil water."))
    #expect(world.transcript(for: trajectory).entries == [.instructions("Do science."), .prompt("Boil water.")])
    await world.close()
  }
}
