/// The rules of a shop, apart from its products.
public struct ShopRules: Sendable, Hashable {
  /// The maximal number of steps, at least 1.
  public var stepLimit: Int
  /// Whether an agent on an item page at its last step buys the item as it is.
  public var forcesPurchase: Bool
  /// Whether item pages link to the sub-page Attributes. WebShop hides it, since it shows what the reward compares.
  public var showsAttributes: Bool
  /// Whether every observation ends with the list of possible actions.
  public var listsActions: Bool

  /// WebShop's rules as AgentGym serves them, unless changed.
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
