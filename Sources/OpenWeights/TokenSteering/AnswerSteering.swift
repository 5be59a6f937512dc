import Agents
import Constraints
import TokenSteering

/// How answers of a model in process are drawn by Sequential Monte Carlo over their tokens.
package struct AnswerSteering: Sendable, Hashable {
  /// What the text of an answer has to be; nil for any text.
  package var constraint: Constraint?
  /// Whether every answer is a call of a tool that the request offers, with arguments that the tool's schema accepts. An
  /// agent's own program decides whether an answer without a call is allowed, too.
  package var holdsCalls: Bool
  /// N for each answer.
  package var particles: Int
  /// The power to which the model's distribution is raised.
  package var power: Double

  package init(
    constraint: Constraint? = nil, holdsCalls: Bool = false, particles: Int = 8, power: Double = 1
  ) {
    (self.constraint, self.holdsCalls, self.particles, self.power) = (constraint, holdsCalls, particles, power)
  }

  /// Part of a policy's identity: everything that changes the distribution of answers.
  package var identity: String {
    var digest = Digest()
    let constraint = self.constraint.map { constraint in
      digest.add(constraint.kind.rawValue)
      switch constraint {
      case .regex(let text), .schema(let text), .grammar(let text): digest.add(text)
      case .choices(let texts): for text in texts { digest.add(text) }
      }
      return " \(constraint.kind.rawValue)@\(digest.text)"
    }
    let calls = holdsCalls ? " tools" : ""
    return "smc \(particles)\(power == 1 ? "" : " power \(power)")\(constraint ?? "")\(calls)"
  }
}

/// A language whose texts all begin with the same bytes.
package struct PrefixedLanguage<Base: ByteLanguage>: ByteLanguage {
  package enum State: Hashable, Sendable {
    case prefix(Int)
    case inside(Base.State)
  }

  private let prefix: [UInt8]
  private let base: Base

  package init(_ prefix: String, _ base: Base) { (self.prefix, self.base) = (Array(prefix.utf8), base) }

  package var start: State { prefix.isEmpty ? .inside(base.start) : .prefix(0) }

  package func state(after byte: UInt8, _ state: State) -> State? {
    switch state {
    case .inside(let state): return base.state(after: byte, state).map(State.inside)
    case .prefix(let place):
      guard prefix[place] == byte else { return nil }
      return place + 1 == prefix.count ? .inside(base.start) : .prefix(place + 1)
    }
  }

  package func isComplete(_ state: State) -> Bool {
    if case .inside(let state) = state { base.isComplete(state) } else { false }
  }

  package func canContinue(_ state: State) -> Bool {
    if case .inside(let state) = state { base.canContinue(state) } else { true }
  }
}
