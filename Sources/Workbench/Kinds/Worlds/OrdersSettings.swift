import Agents
import Orders

struct OrdersSettings: WorldKind {
  static let name = "orders"
  static let summary = "An order desk: a form filled in field by field from listed options."
  /// The worked orders are part of the tasks.
  static let takesPrompts = false

  struct Field {
    let name: String
    let options: [String]
  }

  let fields: [Field]?
  let listed: ClosedRange<Int>?

  init(_ yaml: inout YAMLMapping) throws {
    fields = try yaml.mapping("fields") { yaml in
      var fields: [Field] = []
      for name in yaml.remainingKeys() { fields.append(Field(name: name, options: try yaml.texts(name) ?? [])) }
      return fields
    }
    listed = try yaml.range("listed")
  }

  func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) throws -> any TaskSuite {
    guard fields != nil || listed != nil else {
      return try Orders(seed: environment.seed, splits: environment.splits)
    }
    let fields = fields?.map { OrderForm.Field($0.name, $0.options) } ?? OrderForm.standard.fields
    let form = OrderForm(
      fields: fields, listed: listed ?? OrderForm.standard.listed, workedOrders: 3, seed: environment.seed)
    return try Orders(form: form, seed: environment.seed, splits: environment.splits)
  }
}
