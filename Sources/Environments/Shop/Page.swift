/// The page that an agent sees. A value type: a fork is a copy.
enum Page: Sendable {
  case search
  case results(Results)
  case item(Item)
  case detail(Detail, of: Item)
  case bought(Double)

  struct Results: Sendable {
    /// All products found, up to ``Catalogue/resultLimit``, best first.
    let listings: [Listing]
    /// The page number, counted from 1.
    var number = 1

    static let length = 10

    var shown: ArraySlice<Listing> { listings.dropFirst((number - 1) * Self.length).prefix(Self.length) }
    var isLast: Bool { number * Self.length >= listings.count }
  }

  struct Item: Sendable {
    let product: Product
    /// The results to return to.
    let results: Results
    /// The chosen value of each option name.
    var chosen: [String: String] = [:]
  }

  enum Detail: String, CaseIterable, Sendable {
    case description = "Description"
    case features = "Features"
    case reviews = "Reviews"
    case attributes = "Attributes"
  }

  /// The clickable elements.
  enum Button: Sendable, Hashable {
    case backToSearch, next, previous, buy
    case product(Listing)
    case detail(Detail)
    case option(name: String, value: String)

    var label: String {
      switch self {
      case .backToSearch: "Back to Search"
      case .next: "Next >"
      case .previous: "< Prev"
      case .buy: "Buy Now"
      case .product(let listing): listing.asin
      case .detail(let detail): detail.rawValue
      case .option(_, let value): value
      }
    }
  }

  /// The buttons in the order of the page.
  func buttons(_ rules: ShopRules) -> [Button] {
    switch self {
    case .search, .bought: []
    case .results(let results):
      [.backToSearch] + (results.number > 1 ? [.previous] : []) + (results.isLast ? [] : [.next])
        + results.shown.map(Button.product)
    case .item(let item):
      [.backToSearch, .previous]
        + item.product.options.flatMap { option in option.values.map { .option(name: option.name, value: $0) } }
        + rules.details.map(Button.detail) + [.buy]
    case .detail: [.backToSearch, .previous]
    }
  }

  /// The button with a label, ignoring case. If an option value equals a button's name, the button is meant. If two
  /// options have the value, the last one is meant, as in WebShop.
  func button(labelled label: String, _ rules: ShopRules) -> Button? {
    let label = label.lowercased()
    let matches = buttons(rules).filter { $0.label.lowercased() == label }
    let isOption = { (button: Button) in if case .option = button { true } else { false } }
    return matches.first { !isOption($0) } ?? matches.last
  }
}

/// One line of the results.
struct Listing: Sendable, Hashable {
  /// Its row in the catalogue.
  let row: Int64
  let asin: String
  let title: String
  let priceTag: String
}
