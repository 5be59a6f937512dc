import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import Synchronization
import TestSupport
import Testing

@testable import Tracking

@Suite("Spans, as PyPI's opentelemetry-proto reads them")
struct SpanTests {
  private static let tasks = (0..<3).map { ChainWorld(rounds: 4).task(number: $0) }

  private static func campaign(
    _ settings: SteeringSettings = SteeringSettings(particles: 3), store: RolloutStore? = nil,
    budget: Budget = Budget(),
    policy: any Policy = ChainWorld.coin
  ) -> Campaign {
    Campaign(
      world: ChainWorld(rounds: 4), policy: policy, critic: ChainWorld.exactCritic, settings: settings, store: store,
      budget: budget)
  }

  private static let amc = SteeringSettings(method: .amc, particles: 3, temperature: 0.1, schedule: .steps([2]))

  @Test("Run, task, attempt, step, model call and step in the world, each with its parent")
  func hierarchy() async throws {
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      let campaign = Self.campaign(Self.amc)
      let (outcome, loss) = try await Receiver.run(campaign, Self.tasks, to: server.base)
      #expect(loss.text == nil && outcome.results.count == 3)
      let spans = try await Receiver.spans(server)
      #expect(spans.count == loss.sent && Set(spans.map(\.id)).count == spans.count)
      #expect(Set(spans.map(\.trace)).count == 1)
      func named(_ name: String) -> [ReadSpan] { spans.filter { $0.name == name } }
      let run = try #require(named("steer amc").first)
      #expect(run.parent.isEmpty && run.text("coxswain.run") == campaign.run && run.service == "coxswain")
      let tasks = named("task")
      #expect(tasks.count == 3 && tasks.allSatisfy { $0.parent == run.id })
      let attempts = named("invoke_agent chain")
      #expect(attempts.count == 9 && attempts.allSatisfy { a in tasks.contains { $0.id == a.parent } })
      #expect(attempts.allSatisfy { $0.text("gen_ai.operation.name") == "invoke_agent" && $0.kind == 1 })
      #expect(
        attempts.allSatisfy { $0.attributes["coxswain.log_weight"] != nil && $0.attributes["coxswain.reward"] != nil })
      let steps = named("step")
      #expect(steps.count == 36 && steps.allSatisfy { s in attempts.contains { $0.id == s.parent } })
      #expect(Set(steps.compactMap { $0.integer("coxswain.step") }) == [0, 1, 2, 3])
      let (calls, worlds) = (named("chat m"), named("execute_tool chain"))
      #expect(calls.count == 36 && worlds.count == 36)
      for part in calls + worlds {
        let step = try #require(steps.first { $0.id == part.parent })
        #expect(step.start <= part.start && part.start <= part.end && part.end <= step.end)
        #expect(part.text("coxswain.task") == step.text("coxswain.task"))
      }
      let call = try #require(calls.first)
      #expect(
        call.kind == 3 && call.text("gen_ai.provider.name") == "openai" && call.text("gen_ai.request.model") == "m")
      #expect(call.integer("gen_ai.usage.input_tokens") == 10 && call.integer("gen_ai.usage.output_tokens") == 1)
      #expect(call.integer("gen_ai.request.max_tokens") == 64 && call.integer("server.port") == 8080)
      // Since 1970, in nanoseconds.
      #expect(abs(Double(run.end) / 1e9 - Date().timeIntervalSince1970) < 3_600)
      // Nothing that was said is sent unless it is wanted.
      #expect(!spans.contains { $0.attributes.keys.contains { $0.contains("messages") || $0.contains("tool.call") } })
      let sums = Dictionary(grouping: tasks) { $0.text("coxswain.task") ?? "" }
      for result in outcome.results {
        let best = sums[result.task.id.rawValue]?.first?.attributes["coxswain.reward.best"]
        #expect(best == .number(result.rewardBest ?? -1))
      }
    }
  }

  @Test("Content is sent where it is wanted, with hostile text in it")
  func content() async throws {
    let hostile = "1\u{1B}[31m\"\\</script>\u{0}\u{2028}🐍\u{7F}"
    let policy = ClosurePolicy("hostile") { _ in PolicyResponse(hostile) }
    let task = AgentTask(id: TaskID("a\"\\\u{1}é"), request: "ones", stepLimit: 2)
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      let campaign = Campaign(world: ChainWorld(rounds: 2), policy: policy, settings: SteeringSettings(particles: 1))
      _ = try await Receiver.run(campaign, [task], to: server.base + "/", content: true)
      #expect(
        server.requests.allSatisfy { $0.path == "/v1/traces" && $0.headers["content-type"] == "application/json" })
      let spans = try await Receiver.spans(server)
      let call = try #require(spans.first { $0.name == "chat m" })
      let output = try #require(call.text("gen_ai.output.messages").flatMap { JSONValue(parsing: $0) })
      #expect(output.value(at: "0.parts.0.content")?.text == hostile)
      #expect(call.text("gen_ai.input.messages")?.isEmpty == false && call.text("coxswain.task") == task.id.rawValue)
      let world = try #require(spans.first { $0.name == "execute_tool chain" })
      #expect(world.text("gen_ai.tool.call.arguments")?.contains("🐍") == true)
      #expect(world.text("gen_ai.tool.call.result") == "round 1" || world.text("gen_ai.tool.call.result") == "round 2")
    }
  }

  @Test("A frontier search has steps below its tasks")
  func frontier() async throws {
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      var settings = SteeringSettings(method: .frontier, particles: 2)
      settings.search.calls = 8
      let (outcome, _) = try await Receiver.run(Self.campaign(settings), Self.tasks, to: server.base)
      let spans = try await Receiver.spans(server)
      let tasks = spans.filter { $0.name == "task" }
      let steps = spans.filter { $0.name == "step" }
      #expect(
        tasks.count == 3 && steps.count >= outcome.calls
          && steps.allSatisfy { s in tasks.contains { $0.id == s.parent } })
      #expect(steps.allSatisfy { $0.integer("coxswain.choice") != nil })
      #expect(!spans.contains { $0.name.hasPrefix("invoke_agent") })
      #expect(spans.count { $0.name == "chat m" } == outcome.calls)
    }
  }

  @Test("The same tasks are sampled in every run, about as many as asked for")
  func sampling() async throws {
    func tracer(_ sample: Double) throws -> OTelTracer {
      var settings = OTelSettings(url: "http://127.0.0.1:9")
      settings.sample = sample
      return try OTelTracer(settings, headers: nil, model: Receiver.model, now: 0)
    }
    let (third, half) = (try tracer(0.3), try tracer(0.5))
    let names = (0..<2_000).map { TaskID("task-\($0)") }
    let sampled = names.filter(third.traces)
    // Binomial: the standard error of the share is 0.01, and 5 of them are allowed.
    #expect(abs(Double(sampled.count) / 2_000 - 0.3) < 0.05)
    #expect(sampled.allSatisfy(half.traces))
    for tracer in [third, half] { _ = await tracer.close(within: 0) }
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      let tasks = (0..<12).map { ChainWorld(rounds: 4).task(number: $0) }
      _ = try await Receiver.run(Self.campaign(), tasks, to: server.base, sample: 0.4)
      let spans = try await Receiver.spans(server)
      let seen = Set(spans.compactMap { $0.text("coxswain.task") })
      let chosen = try OTelTracer.sampled(tasks.map(\.id), 0.4)
      #expect(seen == Set(chosen.map(\.rawValue)) && (1..<12).contains(seen.count))
    }
  }

  @Test("A resumed run has the ids of one in one go, and sends no stored answer again")
  func resumed() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spans-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let (all, parts) = try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      _ = try await Receiver.run(Self.campaign(Self.amc), Self.tasks, to: server.base)
      let all = try await Receiver.spans(server)
      let before = server.requests.count
      let (outcome, _) = try await Receiver.run(
        Self.campaign(Self.amc, store: store, budget: Budget(limits: Limits(calls: 14))), Self.tasks, to: server.base)
      #expect(outcome.stopped != nil)
      let first = try await Receiver.read(server.requests[before...].map(\.body))
      let middle = server.requests.count
      _ = try await Receiver.run(Self.campaign(Self.amc, store: store), Self.tasks, to: server.base)
      let second = try await Receiver.read(server.requests[middle...].map(\.body))
      let end = server.requests.count
      _ = try await Receiver.run(Self.campaign(Self.amc, store: store), Self.tasks, to: server.base)
      // Everything was stored.
      #expect(server.requests.count == end)
      return (all, [first, second])
    }
    func calls(_ spans: [ReadSpan]) -> Set<String> { Set(spans.filter { $0.name == "chat m" }.map(\.id)) }
    #expect(calls(parts[0]).count == 14 && calls(parts[0]).isDisjoint(with: calls(parts[1])))
    #expect(calls(parts[0]).union(calls(parts[1])) == calls(all))
    #expect(Set(parts.flatMap(\.self).map(\.id)) == Set(all.map(\.id)))
    let run = try #require(parts[0].first { $0.parent.isEmpty })
    #expect(run.status == 2 && !run.message.isEmpty && parts[1].first { $0.parent.isEmpty }?.status == 0)
  }

  @Test("Headers come from a variable's value, and no error quotes it")
  func headers() async throws {
    let fields = try OTLPReceiver.headers("Authorization=Bearer%20s%3D1, x-scope = a ,", variable: "H")
    #expect(fields.map(\.name) == ["Authorization", "x-scope"] && fields.map(\.value) == ["Bearer s=1", "a"])
    for bad in ["secret", "a b=secret", "a=secret%0d%0ab", "a=secret%zz", "=secret"] {
      let error = #expect(throws: TrackingError.self) { try OTLPReceiver.headers(bad, variable: "H") }
      #expect(error?.message.contains("H ") == true && error?.message.contains("secret") == false)
    }
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      _ = try await Receiver.run(Self.campaign(), Self.tasks, to: server.base, headers: "authorization=Bearer%20s")
      #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer s" })
      #expect(!server.requests.contains { String(decoding: $0.body, as: UTF8.self).contains("Bearer") })
    }
    #expect(OTLPReceiver.endpoint("http://a/v1/traces") == "http://a/v1/traces")
    #expect(OTLPReceiver.endpoint("https://a/otlp/") == "https://a/otlp/v1/traces")
  }

  @Test("A campaign of a run that ends within another one, as in a served world, takes no span with it")
  func campaignsAtOnce() async throws {
    try await TestServer.with { _ in
      .answer(200, "{}")
    } _: { server in
      var settings = OTelSettings(url: server.base)
      settings.sample = 1
      let tracer = try OTelTracer(settings, headers: nil, model: Receiver.model, now: Date().timeIntervalSince1970)
      var inner = Self.campaign()
      inner.tracer = tracer
      let isFirst = Mutex(true)
      let policy = ClosurePolicy(ChainWorld.coin.identity) { [inner] request async throws(PolicyError) in
        if isFirst.withLock({ isFirst in
          defer { isFirst = false }
          return isFirst
        }) {
          _ = try? await inner.run([Self.tasks[1]])
        }
        return try await ChainWorld.coin.respond(to: request)
      }
      var outer = Self.campaign(policy: policy)
      outer.tracer = tracer
      #expect(outer.run == inner.run)
      _ = try await outer.run([Self.tasks[0]])
      let loss = await tracer.close(within: 30)
      let spans = try await Receiver.spans(server)
      #expect(loss.text == nil && spans.count { $0.name == "task" } == 2)
      #expect(spans.count { $0.name == "step" } == 2 * 3 * 4)
      #expect(spans.count { $0.parent.isEmpty } == 1)
    }
  }
}

extension OTelTracer {
  fileprivate static func sampled(_ tasks: [TaskID], _ share: Double) throws -> [TaskID] {
    var settings = OTelSettings(url: "http://127.0.0.1:9")
    settings.sample = share
    return tasks.filter(try OTelTracer(settings, headers: nil, model: Receiver.model, now: 0).traces)
  }
}
