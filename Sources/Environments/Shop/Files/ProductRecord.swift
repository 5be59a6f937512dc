import Agents

extension Product {
  /// Reads a product by WebShop's rules.
  ///
  /// A price range is replaced by a price drawn within it, seeded by `asin`; WebShop draws it anew in every run. A
  /// product without a price costs 100 dollars.
  ///
  /// - Parameter attributes: from the file of attributes.
  /// - Returns: nil for entries that WebShop skips: without a name or with an invalid `asin`.
  convenience init?(_ record: ProductJSON, attributes: [String]) {
    guard let asin = record["asin"]?.text.map({ String($0.trimmed) }), let title = record["name"]?.text,
      !asin.isEmpty, asin != "nan", asin.count <= 10
    else { return nil }
    let prices = Self.prices(record["pricing"]?.text ?? "")
    var generator = Seed(233).split(asin).generator()
    let bullets = record["small_description"]
    self.init(
      asin: asin, title: title, description: record["full_description"]?.text ?? "",
      bullets: bullets?.texts ?? bullets?.text.map { [$0] } ?? [], attributes: attributes,
      options: Self.options(record["customization_options"]),
      price: prices.count == 1 ? prices[0] : prices[0] + generator.uniform() * (prices[1] - prices[0]),
      priceTag: prices.map { "$\($0)" }.joined(separator: " to "), department: record["category"]?.text ?? "",
      category: record["product_category"]?.text ?? "",
      query: String((record["query"]?.text ?? "").lowercased().trimmed))
  }

  /// One price, or the two ends of a range.
  private static func prices(_ text: String) -> [Double] {
    let prices = text.split(separator: "$", omittingEmptySubsequences: false).dropFirst().compactMap { part in
      Double(part.filter { $0.isASCII && $0.isNumber || $0 == "." })
    }
    return prices.isEmpty ? [100] : Array(prices.prefix(2))
  }

  private static func options(_ record: ProductJSON?) -> [Option] {
    var options: [Option] = []
    for (name, contents) in record?.members ?? [] {
      guard case .array(let contents) = contents else { continue }
      let values = contents.compactMap { content in
        content["value"]?.text.map { $0.trimmed.replacing("/", with: " | ").lowercased() }
      }
      let option = Option(name: name.printable.lowercased(), values: values)
      if let place = options.firstIndex(where: { $0.name == option.name }) {
        options[place] = option
      } else {
        options.append(option)
      }
    }
    return options
  }
}

extension Catalogue.Request {
  /// The requests that one entry of a goal file makes for a product.
  ///
  /// - Parameters:
  ///   - entry: an array of human requests, or the product's entry in the file of attributes.
  ///   - generator: draws the price limits, one for each request.
  static func requests(
    in entry: ProductJSON, for product: Product, row: Int64, prices generator: inout MersenneTwister
  ) -> [Self] {
    let isHuman: Bool
    let records: [ProductJSON]
    if case .array(let written) = entry {
      (isHuman, records) = (true, written)
    } else {
      (isHuman, records) = (false, [entry])
    }
    var requests: [Self] = []
    for record in records {
      guard let instruction = record["instruction"]?.text, let attributes = record["instruction_attributes"]?.texts,
        !attributes.isEmpty
      else { continue }
      let candidates = PriceLimit.candidates(above: product.price)
      let limit = candidates.isEmpty ? nil : generator.sample(2, of: candidates).max()
      requests.append(
        Self(
          product: row, instruction: isHuman ? instruction.withoutFullStops : instruction, attributes: attributes,
          options: isHuman ? record["instruction_options"]?.texts ?? [] : nil,
          priceLimit: limit ?? PriceLimit.none, priceText: limit.map(PriceLimit.text) ?? ""))
    }
    return requests
  }
}

extension String {
  fileprivate var withoutFullStops: String {
    var text = drop { $0 == "." }
    while text.last == "." { text.removeLast() }
    return String(text)
  }
}
