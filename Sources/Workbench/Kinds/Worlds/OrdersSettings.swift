import Agents
import Orders

package struct OrdersSettings: WorldKind {
  package static let name = "orders"
  package static let summary = "An order desk: a form filled in field by field from listed options."
  /// The worked orders are part of the tasks.
  package static let takesPrompts = false

  package struct Field {
    package let name: String
    package let options: [String]
  }

  package let fields: [Field]?
  package let listed: ClosedRange<Int>?

  package init(_ yaml: inout YAMLMapping) throws {
    fields = try yaml.mapping(
      "fields", type: "a mapping of names to lists of texts", default: "the standard form",
      "the fields of the form, each with its list of options"
    ) { yaml in
      var fields: [Field] = []
      for name in yaml.remainingKeys() {
        fields.append(Field(name: name, options: try yaml.texts(name, default: .none, "the field's options") ?? []))
      }
      return fields
    }
    listed = try yaml.range(
      "listed", default: "as in the standard form",
      "number of options that are listed for a field, such as `\"3...4\"`")
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    guard fields != nil || listed != nil else {
      return try Orders(seed: environment.seed, splits: environment.splits)
    }
    let fields = fields?.map { OrderForm.Field($0.name, $0.options) } ?? OrderForm.standard.fields
    let form = OrderForm(
      fields: fields, listed: listed ?? OrderForm.standard.listed, workedOrders: 3, seed: environment.seed)
    return try Orders(form: form, seed: environment.seed, splits: environment.splits)
  }
}
