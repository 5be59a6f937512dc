/// The states of a batch as a critic that reads them sees them: equal ones once.
package struct DistinctStates: Sendable {
  /// The distinct states' texts, in the order in which they first come.
  package let texts: [String]
  /// The first state with each text.
  package let states: [CriticState]
  /// The place among the distinct texts of each state asked about.
  private let places: [Int]

  package init(_ states: [CriticState]) {
    var known: [String: Int] = [:]
    var texts: [String] = []
    var distinct: [CriticState] = []
    places = states.map { state in
      let text = state.text
      if let place = known[text] { return place }
      known[text] = texts.count
      texts.append(text)
      distinct.append(state)
      return texts.count - 1
    }
    self.texts = texts
    self.states = distinct
  }

  /// What was found for each distinct text, for each state asked about.
  package func spread<Value>(_ values: [Value]) -> [Value] { places.map { values[$0] } }
}
