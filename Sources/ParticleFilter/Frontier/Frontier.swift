import Agents

/// Search by expected improvement: keeps every visited state and says which to extend next.
///
/// The value is driven by ask and tell. ``choose(_:using:)`` says which states to extend next; ``add(_:key:for:)`` or
/// ``fail(for:)`` reports what came of each choice. It makes no call, has no clock, and depends only on what it was
/// told, in order.
///
/// State s was paid r, its return-to-go has the predicted distribution G, and b is the best finished reward so far. Its
/// **expected improvement** is E[(r + G − b)⁺]. The score of a state is its expected improvement per call that it still
/// needs, times the probability that one more answer leads to a new state. So a state that keeps giving the same child
/// is exhausted.
///
/// ```swift
/// var frontier = Frontier(root: .init(step: 0, callsLeft: 5, reward: 0, returnToGo: belief), maximum: 1)
/// for choice in frontier.choose(4, using: &generator) {
///   let parent = frontier.choices[choice].state
///   // … ask the policy for one answer after `parent`, take the step, ask the critic …
///   frontier.add(.init(step: 1, callsLeft: 4, reward: 0.2, returnToGo: next), key: action, for: choice)
/// }
/// ```
public struct Frontier: Sendable {
  /// What a state is chosen by. The variants exist to measure what expected improvement is worth.
  public enum Criterion: String, CaseIterable, Sendable, Codable {
    /// E[(r + G − b)⁺] per call still needed.
    case improvement
    /// r + E[G]: best-first search by the mean value, as in tree search for language model agents (arXiv 2407.01476).
    case mean
    /// One draw of r + G less b per call still needed (Thompson sampling).
    case sampled
  }

  /// How the next states are chosen.
  public struct Rule: Sendable, Hashable, Codable {
    /// What a state is chosen by.
    public var criterion: Criterion
    /// Whether a state counts for less the more often it was extended. Without it a state is extended at most
    /// ``mostDraws`` times.
    public var penalizesDraws: Bool
    /// The price of a call in reward units; 0 if calls are limited and not priced. With a price the state of the
    /// largest reservation value is extended, and the search ends when none is above b.
    public var price: Double

    /// The rule in one word, as run identities have it.
    public var text: String {
      criterion.rawValue + (penalizesDraws ? "" : ", no penalty") + (price > 0 ? ", price \(price)" : "")
    }

    /// How often a state is extended where draws are not penalized (the branching factor of arXiv 2407.01476).
    public static let mostDraws = 5

    /// A rule; by default expected improvement with the penalty and no price.
    public init(_ criterion: Criterion = .improvement, penalizesDraws: Bool = true, price: Double = 0) {
      self.criterion = criterion
      self.penalizesDraws = penalizesDraws
      self.price = price
    }
  }

  /// The states, the root first, each after its parent.
  public private(set) var states: [State]
  /// The expected improvement of each state.
  private var improvements: [Double] = []
  /// b: the largest worth of a finished state; nil until one has finished.
  public private(set) var best: Double?
  /// Every choice so far, in order.
  public private(set) var choices: [Choice] = []
  /// How many of the chosen answers failed.
  public private(set) var failures = 0
  /// How states are chosen.
  public let rule: Rule
  /// The largest worth that a finished state can have; nil if unknown.
  public let maximum: Double?

  /// A state that was chosen, and why.
  public struct Choice: Sendable, Hashable, Codable {
    /// The index of the extended state.
    public let state: Int
    /// Its expected improvement at that time, in reward units.
    public let improvement: Double
    /// The index of the child that the answer led to, new or known; nil if the answer failed or is under way.
    public internal(set) var child: Int?
  }

  /// - Parameters:
  ///   - root: the state before the first step.
  ///   - maximum: the largest worth of a finished state; the search is ``isSolved`` once it is reached.
  public init(root: State, rule: Rule = Rule(), maximum: Double? = nil) {
    states = [root]
    self.rule = rule
    self.maximum = maximum
    floor = min(root.reward + (root.returnToGo.returns.min() ?? 0), 0)
    if root.isFinished { best = root.worth }
    improvements = [expectedImprovement(of: root)]
  }

  /// Whether the maximum was reached: no state can improve on it.
  public var isSolved: Bool {
    guard let best, let maximum else { return false }
    return best >= maximum - 1e-9
  }

  /// E[(r + G − b)⁺] of a state, in reward units. Before the first attempt has finished, b is the least return that the
  /// root's belief allows, and at most 0.
  public func improvement(of state: Int) -> Double { improvements[state] }

  private func expectedImprovement(of state: State) -> Double {
    state.isFinished ? 0 : state.returnToGo.expectedExcess(over: (best ?? floor) - state.reward)
  }

  /// The reservation value σ of Weitzman's rule ("Optimal search for the best alternative", Econometrica 1979): the
  /// best finished reward at which extending the state is just worth its price, P(new)·E[(r + G − σ)⁺] = price · calls.
  ///
  /// - Returns: +∞ where the price is 0 and something may still come, −∞ for a finished state.
  public func reservationValue(of state: Int) -> Double {
    let place = states[state]
    guard !place.isFinished else { return -.infinity }
    let share = novelty(of: place)
    guard share > 0 else { return -.infinity }
    return place.reward
      + place.returnToGo.excessThreshold(rule.price * callsExpected(from: place) / share)
  }

  /// Whether some state is worth the price of extending it: b is below the largest reservation value.
  public var isWorthwhile: Bool {
    guard rule.price > 0 else { return true }
    return states.indices.contains { reservationValue(of: $0) > best ?? floor }
  }

  /// Chooses the states to extend next, and notes that answers for them are under way.
  ///
  /// Each choice takes the earlier ones into account as if they had been drawn. A state can be chosen more than once.
  ///
  /// - Parameters:
  ///   - count: how many answers are wanted.
  ///   - generator: used by ``Criterion/sampled`` alone.
  /// - Returns: indices of ``choices``, each to be reported by ``add(_:key:for:)`` or ``fail(for:)``; empty if the
  ///   search ``isSolved`` or nothing is worth its price.
  public mutating func choose(_ count: Int, using generator: inout some RandomNumberGenerator) -> Range<Int> {
    let first = choices.count
    for _ in 0..<max(count, 0) {
      guard !isSolved, isWorthwhile else { break }
      guard let chosen = next(using: &generator) else { break }
      choices.append(Choice(state: chosen, improvement: improvement(of: chosen)))
      states[chosen].pending += 1
    }
    return first..<choices.count
  }

  /// Reports the child that the answer of a choice led to.
  ///
  /// - Parameter key: distinguishes the children of one parent. Children with equal keys are one state.
  /// - Returns: the index of the new state; nil if the parent has this child already.
  @discardableResult
  public mutating func add(_ child: State, key: String, for choice: Int) -> Int? {
    let parent = settle(choice)
    novelty.note(isNew: states[parent].children[key] == nil, after: states[parent].draws - 1)
    if let known = states[parent].children[key] {
      choices[choice].child = known
      states[known].arrivals += 1
      if states[known].isFinished { lengths.append(states[known].step) }
      return nil
    }
    var child = child
    child.parent = parent
    child.isToldApart = child.returnToGo != states[0].returnToGo
    states.append(child)
    choices[choice].child = states.count - 1
    states[parent].children[key] = states.count - 1
    if child.isFinished { lengths.append(child.step) }
    if child.isFinished, child.worth > best ?? -.infinity {
      best = child.worth
      improvements = states.map(expectedImprovement)
    } else {
      improvements.append(expectedImprovement(of: child))
    }
    return states.count - 1
  }

  /// Reports that the answer of a choice failed. It counts as a draw that led nowhere.
  public mutating func fail(for choice: Int) {
    _ = settle(choice)
    failures += 1
  }

  private mutating func settle(_ choice: Int) -> Int {
    let parent = choices[choice].state
    states[parent].draws += 1
    states[parent].pending -= 1
    return parent
  }

  // MARK: - The choice

  /// The steps of every attempt that has ended.
  private var lengths: [Int] = []
  /// How varied the policy's answers are.
  private var novelty = Novelty()

  /// How many calls an attempt needs from a state to its end: as many as those that have ended needed on average, and at
  /// most as many as are allowed. Where attempts end early, the limit of steps says little.
  private func callsExpected(from state: State) -> Double {
    let most = Double(max(state.callsLeft, 1))
    guard !lengths.isEmpty else { return most }
    let typical = Double(lengths.reduce(0, +)) / Double(lengths.count)
    return min(most, max(typical - Double(state.step), 1))
  }

  /// The least return that the root's belief allows, and at most 0.
  private let floor: Double

  private func next(using generator: inout some RandomNumberGenerator) -> Int? {
    var chosen: (state: Int, score: Double)?
    for place in states.indices where isOpen(place) {
      let score = score(of: place, using: &generator)
      if score > chosen?.score ?? 0 { chosen = (place, score) }
    }
    return chosen?.state ?? fallback
  }

  /// Whether a state may be extended. A state with the same prediction as the root is extended only as often as it was
  /// reached, since a fresh attempt is as good. With a constant critic the search is therefore best-of-N with stopping.
  private func isOpen(_ place: Int) -> Bool {
    let state = states[place]
    if state.isFinished { return false }
    if !rule.penalizesDraws, state.draws + state.pending >= Rule.mostDraws, place != 0 { return false }
    return place == 0 || state.isToldApart || state.isOwed
  }

  /// The choice if no state has an expected improvement: an unfinished attempt continues, otherwise a fresh one begins.
  private var fallback: Int? {
    if let place = states.indices.last(where: { $0 > 0 && states[$0].isOwed }) { return place }
    return states[0].isFinished ? nil : 0
  }

  private func score(of place: Int, using generator: inout some RandomNumberGenerator) -> Double {
    let calls = callsExpected(from: states[place])
    let share = rule.penalizesDraws ? novelty(of: states[place]) : 1
    if rule.price > 0 { return reservationValue(of: place) - (best ?? floor) }
    switch rule.criterion {
    case .improvement: return improvement(of: place) / calls * share
    case .mean: return max(states[place].reward + states[place].returnToGo.mean - floor, 0) * share
    case .sampled:
      let state = states[place]
      let drawn = state.returnToGo.drawn(Double.random(in: 0..<1, using: &generator))
      return max(state.reward + drawn - (best ?? floor), 0) / calls * share
    }
  }

  /// The probability that the next answer leads to a new child. Answers under way count as drawn.
  private func novelty(of state: State) -> Double { novelty.probability(after: state.draws + state.pending) }
}

extension Frontier {
  /// A visited state.
  public struct State: Sendable {
    /// The index of the state it was reached from; nil for the root.
    public internal(set) var parent: Int?
    /// Steps taken.
    public let step: Int
    /// How many calls an attempt needs from here to its end at most; 0 if it has ended.
    public let callsLeft: Int
    /// r: what was paid so far, in reward units.
    public let reward: Double
    /// G: the predicted distribution of what is still to come.
    public let returnToGo: ReturnDistribution
    /// Whether nothing is still to come.
    public let isFinished: Bool
    /// The worth of a finished state: its reward by the verifier, or the critic's estimate without a verifier.
    public let worth: Double
    /// Answers drawn here, failed ones included.
    public internal(set) var draws = 0
    /// Answers under way.
    public internal(set) var pending = 0
    /// How often an answer led here.
    public internal(set) var arrivals = 1
    /// The distinct states reached from here, by key.
    public internal(set) var children: [String: Int] = [:]

    /// Whether the critic's prediction differs from that of the root.
    public internal(set) var isToldApart = false

    /// Whether an attempt that reached this state has not been continued.
    var isOwed: Bool { !isFinished && draws + pending < arrivals }

    /// An unfinished state.
    public init(step: Int, callsLeft: Int, reward: Double, returnToGo: ReturnDistribution) {
      self.step = step
      self.callsLeft = callsLeft
      self.reward = reward
      self.returnToGo = returnToGo
      (isFinished, worth) = (false, reward)
    }

    /// A finished state.
    ///
    /// - Parameter worth: its reward by the verifier, or the critic's estimate without a verifier.
    public init(finishedAfter step: Int, reward: Double, worth: Double) {
      self.step = step
      self.reward = reward
      self.worth = worth
      (callsLeft, returnToGo, isFinished) = (0, .point(0), true)
    }
  }
}
