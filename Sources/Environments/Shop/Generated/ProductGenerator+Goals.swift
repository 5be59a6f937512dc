import Agents

extension ProductGenerator {
  /// A customer's request for a product. It rarely uses the shop's own words, and never names all attributes.
  ///
  /// - Parameter number: the number of the goal, which seeds all random choices.
  func request(_ number: Int, for product: Product, row: Int64) -> Catalogue.Request {
    var generator = Seed(seed).split("goal").split(number).generator()
    let kind = ProductKind.all.first { $0.query == product.query }
    let known = Vocabulary.attributes[product.department] ?? []
    let own = known.filter { product.attributes.contains($0.name) }
    let wanted = generator.drawn(1 + generator.number(below: 3), from: own)
    let clauses = wanted.map { generator.drawn(1, from: $0.clauses)[0] }

    let name = generator.drawn(1, from: kind?.names ?? [product.title])[0]
    let opening = generator.drawn(1, from: ["i need", "i am looking for", "find me", "i want to buy"])[0]
    var text = "\(opening) \(Self.withArticle(name)) that \(clauses.joined(separator: " and "))"

    var options: [String] = []
    for option in product.options where generator.uniform() < 0.85 {
      let value = generator.drawn(1, from: option.values)[0]
      options.append(value)
      text += ", with \(option.name): \(value)"
    }
    let limit = PriceLimit.candidates(above: product.price)
    let price = generator.drawn(2, from: limit).max()
    return Catalogue.Request(
      product: row, instruction: text, attributes: wanted.map(\.name), options: options,
      priceLimit: price ?? PriceLimit.none, priceText: price.map(PriceLimit.text) ?? "")
  }

  private static func withArticle(_ name: String) -> String {
    if name.hasSuffix("s") { return name }
    return ("aeiou".contains(name.prefix(1)) ? "an " : "a ") + name
  }
}

/// The price limits of requests, by WebShop's rule. Two of the next four multiples of ten below a thousand are drawn,
/// and the larger one is the limit. A price with fewer than two of them above it has no limit.
enum PriceLimit {
  static let none = 1_000_000.0

  /// In dollars.
  static func candidates(above price: Double) -> [Double] {
    let candidates = (1..<100).map { Double($0) * 10 }.filter { $0 > price }.prefix(4)
    return candidates.count < 2 ? [] : Array(candidates)
  }

  static func text(_ limit: Double) -> String { ", and price lower than \(Int(limit)).00 dollars" }
}
