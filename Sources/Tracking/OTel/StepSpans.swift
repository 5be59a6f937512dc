import Agents
import Steering

/// Makes spans of steps, by the semantic conventions of OpenTelemetry for generative AI (1.41, in development).
struct StepSpans: Sendable {
  let model: TracedModel
  let content: Bool
  let clock: WallClock

  /// The spans of a step: the step, its model call and its step in the world. Those that were read from a store are
  /// left out.
  func spans(_ step: StepTrace, of run: RunTrace) -> [OTLPSpan] {
    let (key, ids) = (step.key, SpanIDs(run))
    let trace = ids.trace
    let parent = run.isSearch ? ids.task(key.task) : ids.attempt(key.particle, at: key.task)
    let own = ids.part("step", of: key)
    var whole = span("step", trace, own, parent, step.whole)
    mark(&whole, key, run)
    whole.set("coxswain.reward.step", step.outcome?.reward)
    whole.set("coxswain.reward", step.failure == nil ? step.reward : nil)
    if step.outcome?.isDone == true { whole.set("coxswain.done", true) }
    if step.outcome?.isInvalid == true { whole.set("coxswain.invalid", true) }
    fail(&whole, step.failure)
    return [whole]
      + [
        step.call.map { call(step, run, span(name, trace, ids.part("call", of: key), own, $0)) },
        step.world.map {
          world(step, run, span("execute_tool \(run.world.kind)", trace, ids.part("world", of: key), own, $0))
        },
      ].compactMap(\.self)
  }

  /// The name of a call.
  private var name: String { [model.operation, model.model].compactMap(\.self).joined(separator: " ") }

  private func call(_ step: StepTrace, _ run: RunTrace, _ plain: OTLPSpan) -> OTLPSpan {
    var span = plain
    span.kind = .client
    span.set("gen_ai.operation.name", model.operation)
    span.set("gen_ai.provider.name", model.provider)
    // The name before version 1.37, which many backends still read.
    span.set("gen_ai.system", model.provider)
    span.set("gen_ai.request.model", model.model)
    span.set("gen_ai.request.temperature", model.temperature)
    span.set("gen_ai.request.top_p", model.topP)
    span.set("gen_ai.request.max_tokens", model.maxTokens)
    span.set("gen_ai.conversation.id", conversation(step.key))
    span.set("server.address", model.address)
    span.set("server.port", model.port)
    if let usage = step.response?.usage {
      span.set("gen_ai.usage.input_tokens", usage.inputTokens)
      span.set("gen_ai.usage.output_tokens", usage.outputTokens)
      if usage.cachedInputTokens > 0 { span.set("gen_ai.usage.cache_read.input_tokens", usage.cachedInputTokens) }
      if usage.cacheWriteTokens > 0 { span.set("gen_ai.usage.cache_creation.input_tokens", usage.cacheWriteTokens) }
      if usage.reasoningTokens > 0 { span.set("gen_ai.usage.reasoning.output_tokens", usage.reasoningTokens) }
      if usage.estimatedTokens > 0 { span.set("coxswain.usage.estimated_tokens", usage.estimatedTokens) }
    }
    if let attempts = step.response?.attempts, attempts > 1 { span.set("coxswain.call.attempts", attempts) }
    mark(&span, step.key, run)
    if step.response == nil { fail(&span, step.failure) }
    if content {
      if let request = step.request { MessageContent.add(request, to: &span) }
      if let response = step.response { MessageContent.add(response, to: &span) }
    }
    return span
  }

  private func world(_ step: StepTrace, _ run: RunTrace, _ plain: OTLPSpan) -> OTLPSpan {
    var span = plain
    span.set("gen_ai.operation.name", "execute_tool")
    span.set("gen_ai.tool.name", run.world.kind)
    mark(&span, step.key, run)
    span.set("coxswain.reward.step", step.outcome?.reward)
    if step.outcome == nil { fail(&span, step.failure) }
    if content {
      span.set("gen_ai.tool.call.arguments", (step.action?.text).map(MessageContent.bounded))
      span.set("gen_ai.tool.call.result", (step.outcome?.observation.text).map(MessageContent.bounded))
    }
    return span
  }

  private func span(
    _ name: String, _ trace: String, _ id: String, _ parent: String, _ interval: StepTrace.Interval
  ) -> OTLPSpan {
    OTLPSpan(
      trace: trace, id: id, parent: parent, name: name, start: clock.nanoseconds(interval.start),
      end: clock.nanoseconds(interval.end))
  }

  private func mark(_ span: inout OTLPSpan, _ key: CallKey, _ run: RunTrace) {
    span.set("coxswain.task", key.task.rawValue)
    span.set(run.isSearch ? "coxswain.choice" : "coxswain.particle", key.particle)
    span.set("coxswain.step", key.step)
  }

  private func conversation(_ key: CallKey) -> String { "\(key.run)/\(key.task.rawValue)/\(key.particle)" }

  /// Messages of errors can quote what was asked.
  private func fail(_ span: inout OTLPSpan, _ failure: AttemptFailure?) {
    guard let failure else { return }
    span.set("error.type", failure.kind.rawValue)
    span.error = content ? MessageContent.bounded(failure.message) : failure.kind.rawValue
  }
}

/// Converts instants of the process to the time of day.
struct WallClock: Sendable {
  private let instant = ContinuousClock.now
  private let start: UInt64

  /// - Parameter seconds: the time now, since 1970.
  init(seconds: Double) { start = UInt64(max(seconds, 0) * 1e9) }

  /// Nanoseconds since 1970.
  func nanoseconds(_ other: ContinuousClock.Instant) -> UInt64 {
    let (seconds, attoseconds) = (other - instant).components
    return UInt64(max(0, Int64(start) + seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
  }
}
