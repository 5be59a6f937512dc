import Agents

/// Generates products and goals. Each is a pure function of the seed and its number.
struct ProductGenerator: Sendable {
  let seed: UInt64
  private let kinds = ProductKind.all

  init(seed: UInt64) { self.seed = seed }

  /// The product with a number. Kinds alternate, so that any thousand products have about twenty of each.
  func product(_ number: Int) -> Product {
    let kind = kinds[number % kinds.count]
    var generator = Seed(seed).split("product").split(number).generator()
    let attributes = generator.drawn(
      3 + generator.number(below: 3), from: Vocabulary.attributes[kind.department] ?? []
    ).map(\.name)
    let name = generator.drawn(1, from: kind.names)[0]
    let brand = brand(&generator)
    let price = price(of: kind, &generator)
    return Product(
      asin: "B0" + code(number, digits: 8), title: title(of: kind, name, brand, attributes, number),
      description: description(name, brand, attributes, &generator), bullets: bullets(attributes, &generator),
      attributes: attributes, options: options(of: kind, &generator), price: price,
      priceTag: "$\(price)", department: kind.department, category: kind.category, query: kind.query,
      rating: "\(Double(25 + generator.number(below: 26)) / 10)",
      reviews: generator.drawn(generator.number(below: 4), from: Vocabulary.reviews).map {
        Product.Review(title: $0.0, score: $0.1, body: $0.2)
      })
  }

  /// Contains two of the attributes, the narrowest category, and a unique model name.
  private func title(
    of kind: ProductKind, _ name: String, _ brand: String, _ attributes: [String], _ number: Int
  ) -> String {
    let range = kind.category.split(separator: " › ").last ?? ""
    return Self.titleCase("\(brand) \(attributes[0]) \(name), \(attributes[1]) ")
      + "\(range) \(code(number, digits: 5))"
  }

  private func description(
    _ name: String, _ brand: String, _ attributes: [String], _ generator: inout SplitMix64
  ) -> String {
    let remarks = generator.drawn(2, from: Vocabulary.remarks)
    return "The \(brand) \(name) combines \(attributes[1]) with thoughtful details. \(remarks[0]) "
      + "If \(attributes[0]) matters to you, look no further. \(remarks[1])"
  }

  /// One bullet for each attribute except the last, which is only in the catalogue.
  private func bullets(_ attributes: [String], _ generator: inout SplitMix64) -> [String] {
    attributes.dropLast().map { attribute in
      let remark = generator.drawn(1, from: Vocabulary.remarks)[0]
      return "\(attribute.uppercased()): \(remark)"
    }
  }

  private func options(of kind: ProductKind, _ generator: inout SplitMix64) -> [Product.Option] {
    kind.options.compactMap { name in
      guard let (shown, values) = Vocabulary.options[name] else { return nil }
      let chosen = generator.drawn(min(values.count, 3 + generator.number(below: 4)), from: Array(values.indices))
      // Values keep the order of the vocabulary, so that sizes are sorted.
      return Product.Option(name: shown, values: chosen.sorted().map { values[$0] })
    }
  }

  /// Whole dollars and 99 or 49 cents.
  private func price(of kind: ProductKind, _ generator: inout SplitMix64) -> Double {
    let dollars = kind.price.lowerBound + generator.uniform() * (kind.price.upperBound - kind.price.lowerBound)
    return (dollars.rounded(.down) * 100 + (generator.uniform() < 0.7 ? 99 : 49)) / 100
  }

  private func brand(_ generator: inout SplitMix64) -> String {
    let starts = [
      "Al", "Bre", "Cor", "Dun", "El", "Fen", "Gra", "Hol", "Jun", "Kel", "Lor", "Mar", "Nor", "Ost", "Pel", "Ru",
    ]
    let ends = ["vane", "dale", "mont", "wick", "ria", "stead", "lin", "zo", "by", "ford", "ette", "mere"]
    return starts[generator.number(below: starts.count)] + ends[generator.number(below: ends.count)]
  }

  /// A unique code of letters and digits: a permutation of the numbers below 36 to the power of `digits`.
  private func code(_ number: Int, digits: Int) -> String {
    let count = (0..<digits).reduce(1) { product, _ in product * 36 }
    // The factor is coprime to 36, so that different numbers have different codes.
    let start = Int(Seed(seed).split("code").split(digits).rawValue >> 24)
    let value = (start % count + number % count * 700_000_000_001) % count
    let text = String(value, radix: 36, uppercase: true)
    return String(repeating: "0", count: digits - text.count) + text
  }

  private static func titleCase(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: " ")
  }
}
