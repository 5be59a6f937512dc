extension Page {
  /// The page in AgentGym's form: the visible texts in order, joined by " [SEP] ". As in AgentGym, chosen options are
  /// not marked.
  func text(_ instruction: String, _ rules: ShopRules) -> String {
    parts(instruction, rules).joined(separator: " [SEP] ")
  }

  private func parts(_ instruction: String, _ rules: ShopRules) -> [String] {
    let head = ["Instruction:", instruction]
    switch self {
    case .search: return ["WebShop"] + head + ["Search"]
    case .results(let results):
      let buttons = buttons(rules).map(\.label).dropLast(results.shown.count)
      return head + [buttons[0], "Page \(results.number) (Total results: \(results.listings.count))"]
        + buttons.dropFirst() + results.shown.flatMap { [$0.asin, $0.title, $0.priceTag] }
    case .item(let item):
      let product = item.product
      return head + [Button.backToSearch.label, Button.previous.label]
        + product.options.flatMap { [$0.name] + $0.values }
        + [product.title, "Price: \(product.priceTag)", "Rating: \(product.rating)"]
        + rules.details.map(\.rawValue) + [Button.buy.label]
    case .detail(let detail, let item):
      return head + [Button.backToSearch.label, Button.previous.label] + detail.parts(of: item.product)
    case .bought(let reward):
      return ["Thank you for shopping with us!", "Your score (min 0.0, max 1.0)", "\(reward)"]
    }
  }

  /// The available actions in words.
  func actions(_ rules: ShopRules) -> String {
    // WebShop accepts a search on every page. A purchase ends the visit.
    if case .bought = self { return "Available actions: none" }
    let clicks = buttons(rules).map { "click[\($0.label)]" }
    return "Available actions: " + (["search[keywords]"] + clicks).joined(separator: ", ")
  }
}

extension Page.Detail {
  fileprivate func parts(of product: Product) -> [String] {
    switch self {
    case .description: [product.description.isEmpty ? "No Description" : product.description]
    case .features: product.bullets.isEmpty ? ["No Features"] : product.bullets
    case .reviews:
      product.reviews.isEmpty
        ? ["No reviews found"] : product.reviews.flatMap { ["\"\($0.title)\"", "\($0.score)", $0.body] }
    case .attributes: product.attributes + [product.department, product.query, product.category]
    }
  }
}
