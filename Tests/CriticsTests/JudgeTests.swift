import Agents
import Foundation
import Synchronization
import Testing

@testable import Critics

@Suite("A language model as critic")
struct JudgeTests {
  /// A judge with scripted answers. It records its requests.
  final class Asked: Sendable {
    let requests = Mutex<[PolicyRequest]>([])
    var keys: [CallKey] { requests.withLock { $0.map(\.key) } }

    func policy(
      _ identity: String = "m", _ answer: @escaping @Sendable (PolicyRequest) throws(PolicyError) -> String
    ) -> ClosurePolicy {
      ClosurePolicy(identity) { [self] request throws(PolicyError) in
        requests.withLock { $0.append(request) }
        return PolicyResponse(try answer(request))
      }
    }
  }

  /// The number of ones so far, counted in the text of the state.
  static func ones(_ request: PolicyRequest) -> Int {
    guard case .prompt(let text) = request.transcript.entries.last else { return 0 }
    return text.matches(of: /(?m)^[0-9]+\. one$/).count
  }

  static let states = coinStates(tasks: 0..<12)

  @Test(
    "Where the judge states the true value, the value is true at every β",
    arguments: [0...1, -2...3] as [ClosedRange<Double>])
  func exact(rewards: ClosedRange<Double>) async throws {
    let policy = Asked().policy { request in
      // The expected final reward: the reward for the ones so far plus the mean of the rest.
      let text = "\(request.transcript.entries)"
      let step = text.firstMatch(of: /Step ([0-9]+) of/).flatMap { Int($0.output.1) } ?? 0
      let total = CoinWorld.returnToGo(step: step, ones: Self.ones(request)).mean
      return "Score: \((total - rewards.lowerBound) / (rewards.upperBound - rewards.lowerBound) * 10)"
    }
    let values = try await JudgeCritic(policy, rewards: rewards).returnsToGo(from: Self.states)
    #expect(values.count == Self.states.count)
    for (state, value) in zip(Self.states, values) {
      let ones = state.actions.count { $0 == "one" }
      let truth = CoinWorld.returnToGo(step: state.step, ones: ones).mean
      let value = try #require(value)
      #expect(abs(value.mean - truth) < 1e-9)
      for beta in [0.01, 0.1, 10] { #expect(abs(value.softValue(temperature: beta) - truth) < 1e-9) }
    }
  }

  @Test("What was paid is taken off, so that the prediction is what is still to come")
  func rewardSoFar() async throws {
    var trajectory = Trajectory(
      task: AgentTask(id: "t", request: "go", stepLimit: 4), opening: Observation("start"))
    trajectory.append(
      Step(response: "a", action: .act("a"), outcome: Outcome(Observation("there"), reward: 0.25)))
    let critic = JudgeCritic(Asked().policy { _ in "Score: 7" }, rewards: 0...2)
    let value = try #require(try await critic.returnsToGo(from: [CriticState(trajectory)])[0])
    #expect(abs(value.mean - (1.4 - 0.25)) < 1e-12)
  }

  @Test("Several answers are a distribution with a mass for each; those without a score are left out")
  func samples() async throws {
    let asked = Asked()
    let policy = asked.policy { request in ["Score: 2", "no idea", "Score: 6", "Score: 2"][request.key.step] }
    let critic = JudgeCritic(policy, rewards: 0...1, samples: 4)
    let value = try #require(try await critic.returnsToGo(from: [Self.states[0]])[0])
    #expect(value == ReturnDistribution(returns: [0.2, 0.6, 0.2], probabilities: [1, 1, 1]))
    let soft = 0.1 * log((2 * exp(0.2 / 0.1) + exp(0.6 / 0.1)) / 3)
    #expect(abs(value.softValue(temperature: 0.1) - soft) < 1e-12)
    #expect(critic.counts == ValueCounts(asked: 4, missing: 1))
    #expect(Set(asked.keys.map(\.step)) == [0, 1, 2, 3] && Set(asked.requests.withLock { $0.map(\.seed) }).count == 4)
  }

  @Test("An answer without a score, and a refusal, are missing values and never 0")
  func missing() async throws {
    let policy = Asked().policy { request throws(PolicyError) in
      switch Self.ones(request) {
      case 0: return "Score: 5"
      case 1: return "I cannot say."
      case 2: throw PolicyError(.contentRefused, "no")
      default: throw PolicyError(.contextTooLong, "long")
      }
    }
    let critic = JudgeCritic(policy, rewards: 0...1)
    let distinct = DistinctStates(Self.states)
    let values = try await critic.returnsToGo(from: Self.states)
    for (state, value) in zip(Self.states, values) {
      #expect((value == nil) == state.actions.contains("one"))
    }
    let expected = distinct.states.count { $0.actions.contains("one") }
    #expect(critic.counts == ValueCounts(asked: distinct.states.count, missing: expected) && expected > 3)
  }

  @Test("Equal states of a batch are asked about once, and all have the value")
  func equalStates() async throws {
    let asked = Asked()
    let critic = JudgeCritic(asked.policy { "Score: \(Self.ones($0))" }, rewards: 0...10)
    let (a, b) = (Self.states[0], Self.states[3])
    #expect(a.text != b.text)
    let values = try await critic.returnsToGo(from: [a, b, a, a, b])
    #expect(asked.keys.count == 2)
    #expect(values == [values[0], values[1], values[0], values[0], values[1]])
    #expect(try await critic.returnsToGo(from: []).isEmpty)
  }

  @Test("The key is the same in every batch and process, and says what decides the answer")
  func keys() async throws {
    func key(_ critic: (any Policy) -> JudgeCritic, _ identity: String = "m", state: Int = 0) async throws -> CallKey {
      let asked = Asked()
      _ = try await critic(asked.policy(identity) { _ in "Score: 1" }).returnsToGo(from: [Self.states[state]])
      return try #require(asked.keys.first)
    }
    func judge(_ change: (inout JudgeCritic.Settings) -> Void = { _ in }) -> (any Policy) -> JudgeCritic {
      var settings = JudgeCritic.Settings(rewards: 0...1)
      change(&settings)
      return { [settings] in JudgeCritic($0, settings: settings) }
    }
    let first = try await key(judge())
    #expect(first.particle == 0 && first.step == 0 && first.run == judge()(Asked().policy { _ in "" }).run)
    #expect(try await key(judge()) == first)
    // Another number of samples keeps the key of the first sample.
    #expect(try await key(judge { $0.samples = 1 }) == first)
    #expect(judge { $0.samples = 3 }(Asked().policy { _ in "" }).run == first.run)
    let other = try await key(judge(), state: 3)
    #expect(other.run == first.run && other.task != first.task)
    for changed in [
      try await key(judge(), "another model"), try await key(judge { $0.instructions = "Judge." }),
      try await key(judge { $0.seed = Seed(2) }), try await key(judge { $0.scores = 0...100 }),
      try await key(judge { $0.rewards = 0...2 }),
    ] { #expect(changed.run != first.run && changed.task == first.task) }
  }

  @Test("The identity names the model, the instructions and the scales")
  func identity() {
    func identity(_ change: (inout JudgeCritic.Settings) -> Void = { _ in }, model: String = "m") -> String {
      var settings = JudgeCritic.Settings(rewards: 0...1)
      change(&settings)
      return JudgeCritic(Asked().policy(model) { _ in "" }, settings: settings).identity
    }
    let identities = [
      identity(), identity(model: "n"), identity { $0.instructions = "Judge." }, identity { $0.rewards = 0...2 },
      identity { $0.scores = 0...100 }, identity { $0.samples = 2 }, identity { $0.seed = Seed(9) },
    ]
    #expect(Set(identities).count == identities.count && identities[0].contains("m"))
    #expect(identity() == identities[0])
  }

  @Test("The judge reads the state's text, the scale and the form of its last line")
  func prompt() async throws {
    let asked = Asked()
    let policy = asked.policy { _ in "Score: 1" }
    _ = try await JudgeCritic(policy, rewards: 0...2.5).returnsToGo(from: [Self.states[3]])
    let entries = try #require(asked.requests.withLock { $0.first }).transcript.entries
    guard entries.count == 2, case .instructions(let told) = entries[0], case .prompt(let shown) = entries[1] else {
      Issue.record("\(entries)")
      return
    }
    #expect(told.contains("from 0 to 10") && told.contains("final reward of 0,") && told.contains("one of 2.5,"))
    #expect(told.hasSuffix("Score: NUMBER") && shown.hasPrefix(Self.states[3].text) && shown.contains("\"Score: \""))
    var settings = JudgeCritic.Settings(rewards: 0...1, instructions: "Only this.")
    settings.scores = 0...100
    _ = try await JudgeCritic(policy, settings: settings).returnsToGo(from: [Self.states[3]])
    let own = asked.requests.withLock { $0[1] }.transcript.entries
    #expect(own[0] == .instructions("Only this."))
    #expect("\(own[1])".contains("0 to\n100") || "\(own[1])".contains("0 to 100"))
  }

  @Test(
    "What ends a run ends it as what it is",
    arguments: [
      (PolicyError.Kind.limitReached, CriticError.Kind.limitReached), (.cancelled, .cancelled),
      (.storeFailed, .storeFailed), (.unauthorized, .failed), (.timedOut, .failed), (.serverFailed, .failed),
    ])
  func errors(kind: PolicyError.Kind, expected: CriticError.Kind) async {
    let asked = Asked()
    let policy = asked.policy { request throws(PolicyError) in
      if Self.ones(request) == 1 { throw PolicyError(kind, "the reason") }
      return "Score: 5"
    }
    let critic = JudgeCritic(policy, rewards: 0...1)
    let error = await #expect(throws: CriticError.self) { try await critic.returnsToGo(from: Self.states) }
    #expect(error?.kind == expected && error?.message.contains("the reason") == true)
    // The other calls are not cancelled, since they are paid for and can be stored.
    #expect(asked.keys.count == DistinctStates(Self.states).texts.count)
  }

  @Test("States are asked about at the same time")
  func concurrent() async throws {
    let states = DistinctStates(Self.states).states
    // No answer arrives before all requests have been made.
    let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
    let policy = ClosurePolicy("m") { _ in
      await withCheckedContinuation { continuation in
        let everyone = waiting.withLock {
          $0.append(continuation)
          return $0.count == states.count ? $0 : []
        }
        for one in everyone { one.resume() }
      }
      return PolicyResponse("Score: 5")
    }
    #expect(try await JudgeCritic(policy, rewards: 0...1).returnsToGo(from: states).count == states.count)
  }
}
