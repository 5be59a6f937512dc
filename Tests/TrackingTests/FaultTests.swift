import Agents
import Foundation
import Steering
import TestSupport
import Testing

@testable import Tracking

@Suite("A backend that is slow or down")
struct FaultTests {
  private static let tasks = (0..<6).map { ChainWorld().task(number: $0) }
  private static let campaign = Campaign(
    world: ChainWorld(), policy: ChainWorld.coin, critic: ChainWorld.exactCritic,
    settings: SteeringSettings(method: .amc, particles: 4, temperature: 0.1, schedule: .steps([6])))

  enum Fault: String, CaseIterable, Sendable {
    case neverAnswers, closes, closesHalfWay, dripping, failing, overloaded, busy, noTime, endless, refusing, rejecting,
      boasting, notJSON

    var reply: TestServer.Reply {
      switch self {
      case .neverAnswers: .hang(600)
      case .closes: .reset
      case .closesHalfWay: .truncated(#"{"partialSuccess":{}}"#)
      case .dripping: .drip(0.2)
      case .failing: .answer(500, "Authorization: Bearer secret-value")
      case .overloaded: .answer(429, "{}", headers: ["Retry-After": "3600"])
      case .busy: .answer(503, "{}")
      case .noTime: .answer(503, "{}", headers: ["Retry-After": "nan"])
      case .endless: .answer(503, "{}", headers: ["Retry-After": "-1e30"])
      case .refusing: .answer(401, #"{"message":"bad key secret-value"}"#)
      case .rejecting: .answer(200, #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"secret-value"}}"#)
      case .boasting: .answer(200, #"{"partialSuccess":{"rejectedSpans":"9223372036854775807"}}"#)
      case .notJSON: .answer(200, "<html>")
      }
    }
  }

  @Test("The results are the same, every span is accounted for, and the end comes soon", arguments: Fault.allCases)
  func receiver(_ fault: Fault) async throws {
    let plain = try await Self.campaign.run(Self.tasks)
    try await TestServer.with { _ in
      fault.reply
    } _: { server in
      let start = ContinuousClock.now
      let (outcome, loss) = try await Receiver.run(
        Self.campaign, Self.tasks, to: server.base, headers: "authorization=secret-value", patience: 1)
      // A receiver that hangs does so for 600 s. The campaign itself takes minutes where other tests have the cores.
      #expect((ContinuousClock.now - start).inSeconds < 400)
      #expect(outcome.results.map(\.rewardBest) == plain.results.map(\.rewardBest))
      #expect(outcome.results.map(\.rewardWeighted) == plain.results.map(\.rewardWeighted))
      #expect(outcome.calls == plain.calls && outcome.stopped == nil)
      let lost = loss.losses.values.reduce(0, +)
      // 6 tasks of 4 attempts of 12 steps.
      #expect(loss.sent + lost == 1 + 6 + 24 + 3 * 288, "\(loss)")
      let text = loss.text ?? ""
      switch fault {
      case .notJSON: #expect(lost == 0)
      case .boasting: #expect(loss.sent == 0)
      case .rejecting: #expect(lost > 0 && lost.isMultiple(of: 3) && loss.sent > lost)
      default:
        #expect(lost > 0 && loss.sent == 0 && text.hasPrefix("tracking.otel: \(lost) of \(lost) spans were dropped ("))
      }
      if fault == .refusing { #expect(text.contains("answered 401")) }
      if fault == .failing { #expect(text.contains("answered 500") || text.contains("ended before")) }
      #expect(!text.contains("secret"))
    }
  }

  @Test func nobodyListens() async throws {
    let port = try await TestServer.with { _ in
      .reset
    } _: {
      $0.port
    }
    let (outcome, loss) = try await Receiver.run(Self.campaign, Self.tasks, to: "http://127.0.0.1:\(port)", patience: 5)
    #expect(outcome.results.count == 6 && loss.sent == 0)
    #expect(loss.text?.contains("connection refused") == true, "\(loss)")
  }

  @Test("A receiver that recovers gets what waited")
  func recovers() async throws {
    try await TestServer.with { request in
      .answer(request.number < 3 ? 503 : 200, "{}")
    } _: { server in
      let outbox = Outbox<Int>(capacity: 100, most: 10, linger: 0.05)
      for item in 0..<40 { outbox.add(item) }
      let receiver = try OTLPReceiver(OTelSettings(url: server.base), headers: nil)
      let work = Task {
        await outbox.work { batch in
          switch await receiver.send([]) {
          case .accepted: Outbox<Int>.Delivery(done: batch.count)
          case .passing(let reason, let after): Outbox<Int>.Delivery(done: 0, trouble: .passing(reason, after: after))
          case .refused(let reason, _): Outbox<Int>.Delivery(done: 0, trouble: .final(reason, items: batch.count))
          }
        }
      }
      while outbox.tally.sent < 40 { try await Task.sleep(for: .milliseconds(20)) }
      outbox.close()
      await work.value
      await receiver.close()
      #expect(outbox.tally.losses.isEmpty)
    }
  }

  @Test("A full queue drops and counts, and what is essential is kept")
  func full() async throws {
    let outbox = Outbox<Int>(capacity: 5, most: 3, linger: 0.01) { $0 }
    for item in 1...8 { outbox.add(item) }
    outbox.add(100, isEssential: true)
    #expect(outbox.tally.losses == ["the queue was full": 6 + 7 + 8])
    outbox.close()
    var seen: [Int] = []
    await outbox.work { batch in
      seen += batch
      return Outbox<Int>.Delivery(done: batch.count)
    }
    #expect(seen == [1, 2, 3, 4, 5, 100] && outbox.tally.sent == 115)
    outbox.add(1)
    #expect(outbox.tally.losses.values.reduce(0, +) == 22)
  }

  @Test("What can never be delivered is dropped with its reason, and the rest goes on")
  func final() async throws {
    let outbox = Outbox<Int>(capacity: 10, most: 4, linger: 0.01)
    for item in 0..<6 { outbox.add(item) }
    outbox.close()
    var seen: [Int] = []
    await outbox.work { batch in
      guard let bad = batch.firstIndex(of: 2) else {
        seen += batch
        return Outbox<Int>.Delivery(done: batch.count)
      }
      seen += batch[..<bad]
      return Outbox<Int>.Delivery(done: bad, trouble: .final("bad", items: 1))
    }
    #expect(seen == [0, 1, 3, 4, 5] && outbox.tally.losses == ["bad": 1] && outbox.tally.sent == 5)
  }
}
