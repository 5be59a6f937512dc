/// What may differ from shop to shop, apart from its products.
public struct ShopRules: Sendable, Hashable {
  /// Steps after which an attempt is cut. At least 1.
  public var stepLimit: Int
  /// An agent that stands on an item page when its last step is taken buys the item as it is.
  public var forcesPurchase: Bool
  /// Item pages have the sub-page Attributes, which WebShop keeps for its makers: it gives away what a reward compares.
  public var showsAttributes: Bool
  /// Every observation ends with the list of actions that are possible.
  public var listsActions: Bool

  public init(
    stepLimit: Int = 15, forcesPurchase: Bool = true, showsAttributes: Bool = false, listsActions: Bool = true
  ) {
    self.stepLimit = stepLimit
    self.forcesPurchase = forcesPurchase
    self.showsAttributes = showsAttributes
    self.listsActions = listsActions
  }

  var details: [Page.Detail] { Page.Detail.allCases.filter { $0 != .attributes || showsAttributes } }

  var summary: String {
    var parts = ["\(stepLimit) steps"]
    parts.append(forcesPurchase ? "bought at the last step" : "bought on request only")
    if showsAttributes { parts.append("attributes shown") }
    parts.append(listsActions ? "actions listed" : "actions not listed")
    return parts.joined(separator: "; ")
  }
}
