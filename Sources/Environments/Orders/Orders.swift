import Agents

/// The order desk. A customer's request is given, and a form is filled in field by field from listed options. The
/// reward is the share of correct fields, paid at the end. The policy sees only the current field and the worked
/// orders.
public struct Orders: ExpertWorld {
  /// The fields of the form and the worked examples.
  public let form: OrderForm
  private let sequence: OrderSequence
  private let splits: TaskSplits

  /// - Parameters:
  ///   - seed: decides which orders the numbers name.
  ///   - splits: the numbers of each split.
  /// - Throws: `misconfigured` if the form is invalid, or a number is past the last order.
  public init(form: OrderForm = .standard, seed: UInt64 = 1, splits: TaskSplits) throws(WorldError) {
    if let problem = form.problem { throw WorldError(.misconfigured, problem) }
    let sequence = OrderSequence(form: form, seed: seed)
    if let largest = splits.largest, largest >= sequence.count {
      throw WorldError(
        .misconfigured, "environment.tasks names order \(largest); this form has \(sequence.count), numbered from 0.")
    }
    self.form = form
    self.sequence = sequence
    self.splits = splits
  }

  public var identity: WorldIdentity {
    let fields = form.fields.map { "\($0.name) of \($0.options.count)" }.joined(separator: ", ")
    let words = (form.fields.flatMap(\.options) + form.worked.flatMap { $0.listed.joined() }).joined(separator: " ")
    return WorldIdentity(
      kind: "orders",
      rules:
        "\(fields); \(form.listed.lowerBound)-\(form.listed.upperBound) listed; words \(Seed(0).split(words).rawValue % 100_000)"
    )
  }

  public var maximalReward: Double? { 1 }

  public func tasks(in split: Split) -> [AgentTask] { splits[split].map(task(number:)) }

  /// Tasks are named `order-SEED-NUMBER`; the number alone is accepted too.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { task(number: try number(id)) }

  public func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let desk = OrderDesk(order: sequence.order(try number(task.id)), form: form)
    return (desk, desk.observation)
  }

  /// What the customer wants, field by field.
  public func solution(of task: AgentTask) throws(WorldError) -> [String]? {
    sequence.order(try number(task.id)).wanted
  }

  public func transcript(for trajectory: Trajectory) -> Transcript {
    var entries: [Transcript.Entry] = [.instructions("Choose the options that match what the customer wants.")]
    let field = trajectory.count
    if field < form.fields.count {
      for order in form.worked {
        entries.append(.prompt(order.line(field, of: form)))
        entries.append(.response(order.wanted[field]))
      }
    }
    entries.append(.prompt(trajectory.observation.text))
    return Transcript(entries: entries)
  }

  private func task(number: Int) -> AgentTask {
    AgentTask(
      id: TaskID("order-\(sequence.seed)-\(number)"), request: sequence.order(number).request,
      stepLimit: form.fields.count)
  }

  private func number(_ id: TaskID) throws(WorldError) -> Int {
    let prefix = "order-\(sequence.seed)-"
    let digits = id.rawValue.hasPrefix(prefix) ? id.rawValue.dropFirst(prefix.count) : id.rawValue[...]
    guard let number = Int(digits), (0..<sequence.count).contains(number) else {
      throw WorldError(
        .unknownTask, "There is no order \(id); orders are named \(prefix)0 to \(prefix)\(sequence.count - 1).")
    }
    return number
  }
}

/// One order being filled in. A value type: a fork is a copy.
struct OrderDesk: Episode {
  let order: Order
  let form: OrderForm
  private var field = 0
  private var right = 0

  init(order: Order, form: OrderForm) {
    self.order = order
    self.form = form
  }

  var observation: Observation {
    field < form.fields.count
      ? Observation(order.line(field, of: form), choices: order.listed[field])
      : Observation("The order is placed.")
  }

  /// An answer that is not a listed option leaves the field empty, and the next field follows.
  mutating func step(_ action: Action) throws(WorldError) -> Outcome {
    guard field < form.fields.count else {
      throw WorldError(.diverged, "The order is placed; it takes no more answers.")
    }
    let isOption = order.listed[field].contains(action.text)
    if action.text == order.wanted[field] { right += 1 }
    field += 1
    let isDone = field == form.fields.count
    return Outcome(
      observation, reward: isDone ? Double(right) / Double(form.fields.count) : 0, isDone: isDone, isInvalid: !isOption)
  }

  func fork() -> (any Episode)? { self }
}

extension OrderForm {
  /// A form of `fields` whose worked orders are drawn from the seed.
  public init(fields: [Field], listed: ClosedRange<Int>, workedOrders: Int, seed: UInt64) {
    let unworked = OrderForm(fields: fields, listed: listed, worked: [])
    let sequence = OrderSequence(form: unworked, seed: seed &+ 1)
    // An invalid form is rejected when its world is created.
    let worked = unworked.problem == nil ? (0..<min(workedOrders, sequence.count)).map(sequence.order) : []
    self.init(fields: fields, listed: listed, worked: worked)
  }

  /// Why the form is invalid, in words; nil if it is valid.
  var problem: String? {
    if fields.isEmpty { return "environment.fields is empty; an order has at least one field." }
    for field in fields {
      if field.options.count < 2 { return "environment.fields.\(field.name) has fewer than two options." }
      if Set(field.options).count < field.options.count {
        return "environment.fields.\(field.name) lists an option twice."
      }
      if field.options.contains(where: { $0.isEmpty || $0.contains(where: \.isNewline) }) {
        return "environment.fields.\(field.name) has an option that is empty or longer than a line."
      }
    }
    if listed.lowerBound < 2 {
      return "environment.listed starts at \(listed.lowerBound); a choice has at least two options."
    }
    return requests <= worked.count
      ? "environment.fields allows no requests besides the worked orders of the prompt: add fields or options." : nil
  }
}
