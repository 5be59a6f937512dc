import Agents
import Metrics

/// Reports calls to swift-metrics. Without a metrics backend in the program this has no effect.
struct CallMetrics: Sendable {
  private let asked = Counter(label: "coxswain.calls", dimensions: [("from", "policy")])
  private let stored = Counter(label: "coxswain.calls", dimensions: [("from", "store")])
  private let latency = Timer(label: "coxswain.call.duration")
  private let input = Counter(label: "coxswain.tokens", dimensions: [("kind", "input")])
  private let cached = Counter(label: "coxswain.tokens", dimensions: [("kind", "cached input")])
  private let saved = Counter(label: "coxswain.tokens", dimensions: [("kind", "saved input")])
  private let output = Counter(label: "coxswain.tokens", dimensions: [("kind", "output")])
  private let cutOff = Counter(label: "coxswain.calls.cutoff")
  private let reasoning = Counter(label: "coxswain.tokens", dimensions: [("kind", "reasoning")])
  private let estimated = Counter(label: "coxswain.tokens", dimensions: [("kind", "estimated")])

  func answered(_ event: CallEvent) {
    guard !event.isStored else { return stored.increment() }
    asked.increment()
    latency.recordSeconds(event.seconds)
    input.increment(by: event.usage.inputTokens)
    cached.increment(by: event.usage.cachedInputTokens)
    saved.increment(by: event.usage.savedInputTokens)
    output.increment(by: event.usage.outputTokens)
    reasoning.increment(by: event.usage.reasoningTokens)
    estimated.increment(by: event.usage.estimatedTokens)
    cutOff.increment(by: event.usage.cutOffAnswers)
  }

  func failed(_ error: PolicyError) {
    Counter(label: "coxswain.calls.failed", dimensions: [("kind", error.kind.rawValue)]).increment()
  }
}
