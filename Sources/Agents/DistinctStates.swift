/// The distinct states of a batch, so that a critic reads equal states once.
package struct DistinctStates: Sendable {
  /// The distinct states' texts, in order of first occurrence.
  package let texts: [String]
  /// The first state with each text.
  package let states: [CriticState]
  /// For each state of the batch, the index of its text in `texts`.
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

  /// Maps one value per distinct text to one value per state of the batch.
  package func spread<Value>(_ values: [Value]) -> [Value] { places.map { values[$0] } }
}
