import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import Steering
import Synchronization

/// Sends spans of runs to a receiver of OpenTelemetry. Steps are only put into a queue here; a task of its own makes and
/// sends the spans.
package final class OTelTracer: RunTracer {
  private enum Item: Sendable {
    case step(StepTrace, RunTrace)
    case span(OTLPSpan)
  }

  /// A task with new steps.
  private struct OpenTask {
    var whole: StepTrace.Interval
    var attempts: [Int: StepTrace.Interval] = [:]

    mutating func add(_ step: StepTrace.Interval, at place: Int) {
      whole = whole.union(step)
      attempts[place] = attempts[place]?.union(step) ?? step
    }
  }

  private struct OpenRun {
    let trace: RunTrace
    let start = ContinuousClock.now
    var tasks: [TaskID: OpenTask] = [:]
    /// Whether any of its spans is new.
    var isNew = false
    /// How many campaigns of the run are under way: a served world has one for each task.
    var campaigns = 1
  }

  private let settings: OTelSettings
  private let spans: StepSpans
  private let clock: WallClock
  private let outbox: Outbox<Item>
  private let runs = Mutex<[String: OpenRun]>([:])
  private let receiver: OTLPReceiver
  private let worker: Task<Void, Never>

  /// - Parameters:
  ///   - headers: the value of the variable of headers.
  ///   - now: seconds since 1970.
  package init(_ settings: OTelSettings, headers: String?, model: TracedModel, now: Double) throws(TrackingError) {
    self.settings = settings
    clock = WallClock(seconds: now)
    spans = StepSpans(model: model, content: settings.content, clock: clock)
    // Prompts are large, so that fewer of them wait.
    outbox = Outbox(capacity: settings.content ? 1_024 : 8_192, most: 256, linger: 0.5) { item in
      guard case .step(let step, _) = item else { return 1 }
      return 1 + (step.call == nil ? 0 : 1) + (step.world == nil ? 0 : 1)
    }
    receiver = try OTLPReceiver(settings, headers: headers)
    let (outbox, receiver, spans, service) = (outbox, receiver, spans, settings.service)
    worker = Task.detached(priority: .utility) {
      await outbox.work { batch in await Self.deliver(batch, spans, service, to: receiver) }
    }
  }

  /// The longest body of a request, in bytes. Receivers accept 4 MB and more.
  private static let longestBody = 2 << 20

  private static func deliver(
    _ batch: [Item], _ spans: StepSpans, _ service: String, to receiver: OTLPReceiver
  ) async -> Outbox<Item>.Delivery {
    var document = OTLPDocument(service: service, version: ProductVersion.number)
    var items = 0
    for item in batch where document.bytes.count < longestBody {
      items += 1
      switch item {
      case .step(let step, let run): for span in spans.spans(step, of: run) { document.add(span) }
      case .span(let span): document.add(span)
      }
    }
    switch await receiver.send(document.finished()) {
    case .accepted(let rejected):
      var delivery = Outbox<Item>.Delivery(done: items)
      if rejected > 0 { delivery.rejected = (rejected, "the receiver rejected them") }
      return delivery
    case .passing(let reason, let after): return Outbox<Item>.Delivery(done: 0, trouble: .passing(reason, after: after))
    case .refused(let reason, _): return Outbox<Item>.Delivery(done: 0, trouble: .final(reason, items: items))
    }
  }

  // MARK: - What happens in a run

  /// Whether the digest of a task's name is within the share. It does not depend on the run, so that methods that are
  /// compared are sampled on the same tasks.
  package func traces(_ task: TaskID) -> Bool {
    if settings.sample >= 1 { return true }
    let hash = Seed(0).split("sample").split(task.rawValue).rawValue
    return Double(hash >> 11) * 0x1p-53 < settings.sample
  }

  package func began(_ run: RunTrace) {
    runs.withLock { runs in
      if runs[run.run] != nil { runs[run.run]?.campaigns += 1 } else { runs[run.run] = OpenRun(trace: run) }
    }
  }

  package func stepped(_ step: StepTrace) {
    // It was sent when it was asked.
    if step.response?.isStored == true { return }
    var step = step
    if !settings.content { step.request = nil }
    let key = step.key
    // Changed in place: a copy would copy the tasks.
    let run = runs.withLock { [whole = step.whole] runs -> RunTrace? in
      guard let run = runs[key.run]?.trace else { return nil }
      runs[key.run]?.isNew = true
      runs[key.run]?.tasks[key.task, default: OpenTask(whole: whole)].add(whole, at: key.particle)
      return run
    }
    if let run { outbox.add(.step(step, run)) }
  }

  package func finished(_ result: PopulationResult, of run: String) {
    let open = runs.withLock { runs in
      runs[run]?.tasks.removeValue(forKey: result.task.id).map { (runs[run]?.trace, $0) }
    }
    // Without a new step everything was sent before.
    guard let (trace, task) = open, let trace else { return }
    send(result.task.id, task, result, of: trace)
  }

  package func ended(_ run: String, stopped: SteeringError?) {
    let last = runs.withLock { runs -> OpenRun? in
      runs[run]?.campaigns -= 1
      return runs[run].map { $0.campaigns > 0 } == true ? nil : runs.removeValue(forKey: run)
    }
    guard let open = last, open.isNew else { return }
    for (id, task) in open.tasks { send(id, task, nil, of: open.trace) }
    let (trace, ids) = (open.trace, SpanIDs(open.trace))
    var span = OTLPSpan(
      trace: ids.trace, id: ids.run, parent: nil,
      name: "\(trace.verb) \(trace.settings.method.rawValue)", start: clock.nanoseconds(open.start),
      end: clock.nanoseconds(.now))
    span.set("coxswain.run", run)
    span.set("coxswain.verb", trace.verb)
    span.set("coxswain.method", trace.settings.method.rawValue)
    span.set("coxswain.particles", trace.settings.particles)
    span.set("coxswain.temperature", trace.settings.temperature)
    span.set("coxswain.resample", trace.settings.schedule.description)
    span.set("coxswain.seed", String(trace.settings.seed))
    span.set("coxswain.world", trace.world.description)
    span.set("coxswain.policy", trace.policy)
    span.set("coxswain.critic", trace.critic)
    span.set("coxswain.sample", settings.sample)
    if let stopped {
      span.set("error.type", "\(stopped.kind)")
      span.error = settings.content ? MessageContent.bounded(stopped.message) : "\(stopped.kind)"
    }
    outbox.add(.span(span), isEssential: true)
  }

  /// - Parameter result: nil if the run ended before the task.
  private func send(_ id: TaskID, _ task: OpenTask, _ result: PopulationResult?, of trace: RunTrace) {
    let ids = SpanIDs(trace)
    var span = OTLPSpan(
      trace: ids.trace, id: ids.task(id), parent: ids.run, name: "task",
      start: clock.nanoseconds(task.whole.start), end: clock.nanoseconds(task.whole.end))
    span.set("coxswain.task", id.rawValue)
    if let result {
      span.set("coxswain.reward.best", result.rewardBest)
      span.set("coxswain.reward.mean", result.rewardMean)
      span.set("coxswain.reward.weighted", result.rewardWeighted)
      span.set("coxswain.reward.selected", result.rewardSelected)
      span.set("coxswain.soft_value", result.softValue)
      span.set("coxswain.policy_calls", result.calls)
      span.set("coxswain.critic_calls", result.criticCalls)
      span.set("coxswain.failed_particles", result.failedParticles)
      if settings.content { span.set("coxswain.request", MessageContent.bounded(result.task.request)) }
    } else {
      span.set("coxswain.unfinished", true)
    }
    outbox.add(.span(span), isEssential: true)
    guard !trace.isSearch else { return }
    let places = Set(task.attempts.keys).union(result.map { Set($0.particles.indices) } ?? [])
    for place in places.sorted() {
      outbox.add(.span(attempt(place, id, task, result, of: trace)))
    }
  }

  private func attempt(
    _ place: Int, _ id: TaskID, _ task: OpenTask, _ result: PopulationResult?, of trace: RunTrace
  ) -> OTLPSpan {
    let (ids, interval) = (SpanIDs(trace), task.attempts[place] ?? task.whole)
    var span = OTLPSpan(
      trace: ids.trace, id: ids.attempt(place, at: id), parent: ids.task(id),
      name: "invoke_agent \(trace.world.kind)", start: clock.nanoseconds(interval.start),
      end: clock.nanoseconds(interval.end))
    span.set("gen_ai.operation.name", "invoke_agent")
    span.set("gen_ai.agent.name", trace.world.kind)
    span.set("gen_ai.provider.name", spans.model.provider)
    span.set("gen_ai.request.model", spans.model.model)
    span.set("gen_ai.conversation.id", "\(trace.run)/\(id.rawValue)/\(place)")
    span.set("coxswain.task", id.rawValue)
    span.set("coxswain.particle", place)
    guard let result, result.particles.indices.contains(place) else {
      span.set("coxswain.unfinished", true)
      return span
    }
    let member = result.particles[place]
    span.set("coxswain.steps", member.trajectory.count)
    span.set("coxswain.log_weight", member.logWeight)
    span.set("coxswain.weight", member.weight)
    guard let failure = member.failure else {
      span.set("coxswain.reward", member.trajectory.reward)
      return span
    }
    span.set("error.type", failure.kind.rawValue)
    span.error = settings.content ? MessageContent.bounded(failure.message) : failure.kind.rawValue
    return span
  }

  /// Sends what is left and closes the connections.
  ///
  /// - Parameter seconds: how long it may take.
  package func close(within seconds: Double) async -> TrackingLoss {
    outbox.close()
    await Deadline(seconds, idle: 5).finish(worker) { [outbox] in outbox.moves }
    outbox.abandon("the command ended before they were sent")
    await receiver.close()
    let (sent, losses) = outbox.tally
    return TrackingLoss(tracker: "otel", unit: "spans", sent: sent, losses: losses)
  }
}

extension StepTrace.Interval {
  func union(_ other: Self) -> Self { Self(start: min(start, other.start), end: max(end, other.end)) }
}
