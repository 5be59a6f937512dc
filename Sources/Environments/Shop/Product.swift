/// A product. Immutable, so that episodes and forks can share it.
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

  /// The code by which it is clicked: up to ten letters and digits, upper case.
  let asin: String
  let title: String
  let description: String
  /// The list on the page Features.
  let bullets: [String]
  /// Properties such as "machine wash". A reward compares them with the goal's.
  let attributes: [String]
  let options: [Option]
  /// The price of a purchase, in dollars.
  let price: Double
  /// The price as pages show it, which may be a range.
  let priceTag: String
  /// The department, such as "fashion".
  let department: String
  /// From the widest category to the narrowest, separated by "›".
  let category: String
  /// The search query under which the shop's makers found it, in lower case.
  let query: String
  /// Stars as pages show them, or "N.A.".
  let rating: String
  let reviews: [Review]
  /// The title's nouns from a tagger; nil to approximate them by rules.
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

  /// The nouns of the title, including repetitions.
  var titleNouns: [String] { taggedNouns ?? nouns(of: title) }

  /// The text that a search covers.
  var searchable: String {
    let options = options.map { "\($0.name): \($0.values.joined(separator: ", "))" }
    return ([title, description] + bullets + attributes + options).joined(separator: "\n")
  }
}

/// What a customer wants.
struct Goal: Sendable {
  /// A product that satisfies the goal completely. Others may do so too.
  let product: Product
  /// The request, including the price limit.
  let instruction: String
  let attributes: [String]
  let options: [WantedOption]
  /// In dollars, inclusive.
  let priceLimit: Double
}
