/// The form of an order desk: its fields in order and their options.
public struct OrderForm: Sendable, Hashable {
  /// One field of the form, such as a colour.
  public struct Field: Sendable, Hashable {
    /// The field's name as the form shows it.
    public let name: String
    /// All words that may be answered; an order lists some of them.
    public let options: [String]

    /// A field with at least as many options as an order lists.
    public init(_ name: String, _ options: [String]) {
      self.name = name
      self.options = options
    }
  }

  /// In the order they are asked; a request names them in the opposite order ("two medium green leather dress").
  public let fields: [Field]
  /// How many options an order lists for a field.
  public let listed: ClosedRange<Int>
  /// Orders already filled in, shown as examples with every prompt.
  public let worked: [Order]

  /// - Parameter worked: filled-in orders that every prompt shows as examples.
  public init(fields: [Field], listed: ClosedRange<Int>, worked: [Order]) {
    self.fields = fields
    self.listed = listed
    self.worked = worked
  }

  /// How many different requests there are.
  var requests: Int { fields.reduce(1) { $0 * $1.options.count } }

  /// Fields and worked orders that suit a 135M-parameter model. The words have one or two tokens. With these examples
  /// the model gets about seven of ten fields right, which leaves room for selection.
  public static let standard = OrderForm(
    fields: [
      Field(
        "item",
        [
          "coat", "scarf", "dress", "shirt", "hat", "jacket", "skirt", "sweater", "blanket", "belt", "bag", "glove",
        ]),
      Field(
        "material",
        ["leather", "cotton", "wool", "silk", "linen", "velvet", "denim", "fleece", "nylon", "rubber"]),
      Field(
        "colour",
        [
          "red", "blue", "green", "black", "white", "yellow", "purple", "brown", "grey", "pink", "orange",
        ]),
      Field("size", ["tiny", "small", "medium", "large", "huge"]),
      Field("count", ["two", "three", "four", "five", "six", "seven", "eight", "nine"]),
    ],
    listed: 3...4,
    worked: [
      Order(
        wanted: ["sweater", "leather", "orange", "large", "seven"],
        listed: [
          ["coat", "sweater", "blanket", "shirt"], ["linen", "silk", "leather"], ["green", "orange", "purple"],
          ["huge", "large", "medium", "tiny"], ["four", "three", "seven"],
        ]),
      Order(
        wanted: ["jacket", "wool", "yellow", "huge", "five"],
        listed: [
          ["jacket", "bag", "coat"], ["rubber", "fleece", "wool"], ["purple", "black", "pink", "yellow"],
          ["huge", "tiny", "medium", "large"], ["seven", "eight", "five"],
        ]),
      Order(
        wanted: ["skirt", "rubber", "blue", "small", "nine"],
        listed: [
          ["skirt", "hat", "dress"], ["rubber", "fleece", "leather", "silk"], ["purple", "grey", "blue"],
          ["tiny", "medium", "huge", "small"], ["seven", "five", "nine", "six"],
        ]),
    ])
}

/// A customer's request, and the options listed for each field.
public struct Order: Sendable, Hashable {
  /// One word per field, in the form's order.
  public let wanted: [String]
  /// The options of each field, the wanted one among them.
  public let listed: [[String]]

  /// - Parameters:
  ///   - wanted: one word for each field, in the form's order.
  ///   - listed: the options of each field, the wanted one among them.
  public init(wanted: [String], listed: [[String]]) {
    self.wanted = wanted
    self.listed = listed
  }

  /// The request in the customer's words.
  public var request: String { "I want " + wanted.reversed().joined(separator: " ") }

  /// The line that the answer completes.
  func line(_ field: Int, of form: OrderForm) -> String {
    "We have \(listed[field].joined(separator: ", ")). \(request), so I pick the \(form.fields[field].name)"
  }
}
