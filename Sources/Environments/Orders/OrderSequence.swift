import Agents

/// The orders of a seed by number. Different numbers are different requests in all splits.
struct OrderSequence: Sendable {
  let form: OrderForm
  let seed: UInt64
  /// Worked orders are not tasks. A number that would name one names a request that no number reaches otherwise.
  private let substitutes: [[String]: [String]]

  init(form: OrderForm, seed: UInt64) {
    self.form = form
    self.seed = seed
    let worked = form.worked.map(\.wanted)
    let unnumbered = (form.requests - worked.count..<form.requests).map { Self.request(at: $0, of: form, seed: seed) }
    substitutes = Dictionary(
      zip(worked.filter { !unnumbered.contains($0) }, unnumbered.filter { !worked.contains($0) }),
      uniquingKeysWith: { first, _ in first })
  }

  /// The number of orders, without the worked ones.
  var count: Int { form.requests - form.worked.count }

  /// - Precondition: `number` is in 0 ..< count.
  func order(_ number: Int) -> Order {
    let drawn = Self.request(at: number, of: form, seed: seed)
    let wanted = substitutes[drawn] ?? drawn
    var generator = Seed(seed).split("order").split(number).generator()
    let listed = zip(form.fields, wanted).map { field, word in
      let size = min(form.listed.lowerBound + generator.number(below: form.listed.count), field.options.count)
      let others = generator.drawn(size - 1, from: field.options.filter { $0 != word })
      return generator.drawn(size, from: [word] + others)
    }
    return Order(wanted: wanted, listed: listed)
  }

  /// The words at a place of a seeded permutation of all requests.
  private static func request(at place: Int, of form: OrderForm, seed: UInt64) -> [String] {
    var rest = Seed(seed).permuted(place, below: form.requests)
    return form.fields.map { field in
      let word = field.options[rest % field.options.count]
      rest /= field.options.count
      return word
    }
  }
}
