/// One thing on sale. Never changed, so that episodes and their forks share it.
final class Product: Sendable {
  /// A choice to make before buying, such as the colour, and its values in the order of the page.
  struct Option: Sendable, Hashable {
    let name: String
    let values: [String]
  }

  struct Review: Sendable, Hashable {
    let title: String
    /// Stars, 1 to 5.
    let score: Int
    let body: String
  }

  /// The name under which it is clicked: up to ten letters and digits, upper case.
  let asin: String
  let title: String
  let description: String
  /// What the page Features lists.
  let bullets: [String]
  /// What it is said to be, such as "machine wash"; a reward compares them with the goal's.
  let attributes: [String]
  let options: [Option]
  /// In dollars, what a purchase costs.
  let price: Double
  /// The price as pages show it, which may be a range.
  let priceTag: String
  /// The department, such as "fashion".
  let department: String
  /// From the widest category to the narrowest, separated by "›".
  let category: String
  /// The search under which the shop's makers found it; lower case.
  let query: String
  /// Stars as pages show them, or "N.A.".
  let rating: String
  let reviews: [Review]
  /// Those of the title from a tagger, or nil for the words that look like nouns.
  let taggedNouns: [String]?

  init(
    asin: String, title: String, description: String = "", bullets: [String] = [], attributes: [String] = [],
    options: [Option] = [], price: Double, priceTag: String? = nil, department: String = "", category: String = "",
    query: String = "", rating: String = "N.A.", reviews: [Review] = [],
    taggedNouns: [String]? = nil
  ) {
    self.asin = asin
    self.title = title
    self.description = description
    self.bullets = bullets
    self.attributes = attributes
    self.options = options
    self.price = price
    self.priceTag = priceTag ?? "$\(price)"
    self.department = department
    self.category = category
    self.query = query
    self.rating = rating
    self.reviews = reviews
    self.taggedNouns = taggedNouns
  }

  /// The nouns of the title, with repetitions.
  var titleNouns: [String] { taggedNouns ?? nouns(of: title) }

  /// What a search looks through.
  var searchable: String {
    let options = options.map { "\($0.name): \($0.values.joined(separator: ", "))" }
    return ([title, description] + bullets + attributes + options).joined(separator: "\n")
  }
}

/// What a customer wants.
struct Goal: Sendable {
  /// A product that has everything; others may do as well.
  let product: Product
  /// The request in words, the price limit included.
  let instruction: String
  let attributes: [String]
  let options: [WantedOption]
  /// In dollars; a price up to and including it is right.
  let priceLimit: Double
}
