/// The reward of a purchase and its parts (WebShop, arXiv 2207.01206, section 3).
///
///     reward = typeFactor × (attributes + options + [price ≤ limit]) / (|goal attributes| + |goal options| + 1)
struct PurchaseReward: Sendable, Hashable {
  /// The number of wanted attributes that the product has.
  let attributes: Int
  /// The number of wanted option values that were chosen.
  let options: Int
  let isWithinPrice: Bool
  /// 1 for the right kind of product, down to 0 for other kinds.
  let typeFactor: Double
  /// The share of the wanted title's nouns that the bought title has; 0.2 if the wanted title has none.
  let titleScore: Double
  /// In 0...1.
  let total: Double

  /// Texts count as equal if their similarity exceeds this.
  private static let threshold = 85

  /// - Parameter chosen: the values clicked on the item page, one per option name.
  init(of product: Product, with chosen: [String], for goal: Goal) {
    attributes = goal.attributes.count { Self.has(product, attribute: $0) }
    let chosen = chosen.map(colourNormalised)
    options = goal.options.map(\.compared).count { wanted in
      chosen.contains { tokenSetRatio($0, wanted) > Self.threshold }
    }
    isWithinPrice = product.price <= goal.priceLimit
    titleScore = Self.titleScore(of: product, for: goal.product)
    typeFactor = Self.typeFactor(of: product, for: goal.product, titleScore: titleScore)
    let matched = attributes + options + (isWithinPrice ? 1 : 0)
    total = typeFactor * Double(matched) / Double(goal.attributes.count + goal.options.count + 1)
  }

  private static func has(_ product: Product, attribute: String) -> Bool {
    if product.attributes.contains(where: { tokenSetRatio($0, attribute) > threshold }) { return true }
    return [product.title, product.bullets.joined(separator: " "), product.description]
      .contains { $0.lowercased().contains(attribute) }
  }

  private static func titleScore(of product: Product, for wanted: Product) -> Double {
    let wanted = wanted.titleNouns
    guard !wanted.isEmpty else { return 0.2 }
    // As in WebShop, each shared noun counts once, but the wanted nouns are counted with repetitions.
    return Double(Set(wanted).intersection(product.titleNouns).count) / Double(wanted.count)
  }

  private static func typeFactor(of product: Product, for wanted: Product, titleScore: Double) -> Double {
    if titleScore == 0 { return 0 }
    if titleScore < 0.1 { return 0.1 }
    let shared = categories(of: product).intersection(categories(of: wanted)).count
    return product.query == wanted.query || shared >= 2 || titleScore > 0.2 ? 1 : 0.5
  }

  private static func categories(of product: Product) -> Set<Substring> {
    Set(product.category.split(separator: "›", omittingEmptySubsequences: false).map(\.trimmed))
  }
}
