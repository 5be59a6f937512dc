import Agents

/// What a client wants to have done.
package enum TaskWish: Sendable, Hashable {
  /// A task of the world by its name. With a split it may also be a position there; without a name it is the split's
  /// only task.
  case named(String?, split: Split?)
  /// Whatever the text describes; in a world without descriptions the name of a task.
  case described(String)
}

/// Why a request is not begun. Its message is for the client.
package struct ServingRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  package enum Kind: Sendable, Hashable {
    /// The world has no such task.
    case unknownTask
    /// The request does not say which task, or asks for something that is not possible.
    case badRequest
    /// As many requests wait as the server keeps.
    case tooMany
    /// The server is stopping.
    case stopping
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// The tasks of a world by name, and what clients may wish for.
struct TaskFinder: Sendable {
  private let world: any World
  private let splits: [Split: [AgentTask]]
  private let owners: [TaskID: Split]

  init(_ world: any World) throws {
    self.world = world
    var splits: [Split: [AgentTask]] = [:]
    var owners: [TaskID: Split] = [:]
    for split in Split.allCases {
      let tasks = try world.tasks(in: split)
      splits[split] = tasks
      for task in tasks { owners[task.id] = split }
    }
    (self.splits, self.owners) = (splits, owners)
  }

  /// Every task that the world lists, those of the test split first.
  var tasks: [AgentTask] { [Split.test, .validation, .train].flatMap { splits[$0] ?? [] } }

  /// The listed tasks, and one that a text describes where that is possible: the settings must suit the longest.
  func samples() throws(WorldError) -> [AgentTask] {
    guard let world = world as? any DescribedWorld, world.takesDescriptions else { return tasks }
    return tasks + [try world.task(describedBy: "")]
  }

  /// Whether texts can describe tasks.
  var takesDescriptions: Bool { (world as? any DescribedWorld)?.takesDescriptions ?? false }

  /// The task that is wished for, with the split that lists it.
  func task(_ wish: TaskWish) throws(ServingRefusal) -> (task: AgentTask, split: Split?) {
    let task: AgentTask
    switch wish {
    case .named(let name?, split: nil): task = try named(name)
    case .named(let name, split: let split?): task = try chosen(name, of: split)
    case .named(nil, split: nil): throw ServingRefusal(.badRequest, "The request names no task. \(advice)")
    case .described(let text): task = try described(text)
    }
    return (task, owners[task.id])
  }

  private func named(_ name: String) throws(ServingRefusal) -> AgentTask {
    do { return try world.task(TaskID(name)) } catch {
      guard error.kind == .unknownTask else { throw ServingRefusal(.badRequest, error.message) }
      throw ServingRefusal(.unknownTask, "There is no task \(name.clipped(to: 80)). \(advice)")
    }
  }

  private func chosen(_ name: String?, of split: Split) throws(ServingRefusal) -> AgentTask {
    let tasks = splits[split] ?? []
    guard let name else {
      guard let only = tasks.first, tasks.count == 1 else {
        throw ServingRefusal(
          .badRequest,
          """
          The split \(split.rawValue) has \(tasks.count) tasks. Name one of them beside it, by its id or by its position \
          from 0: \(Self.some(tasks)).
          """)
      }
      return only
    }
    if let task = tasks.first(where: { $0.id == TaskID(name) }) { return task }
    if let position = Int(name), tasks.indices.contains(position) { return tasks[position] }
    throw ServingRefusal(
      .unknownTask,
      "The split \(split.rawValue) has no task \(name.clipped(to: 80)). It has \(tasks.count): \(Self.some(tasks)).")
  }

  private func described(_ text: String) throws(ServingRefusal) -> AgentTask {
    do throws(WorldError) {
      if let world = world as? any DescribedWorld, world.takesDescriptions { return try world.task(describedBy: text) }
      return try world.task(TaskID(text))
    } catch {
      guard error.kind == .unknownTask else { throw ServingRefusal(.badRequest, error.message) }
      throw ServingRefusal(.badRequest, "This world makes no task of a text. \(advice)")
    }
  }

  private var advice: String {
    let words =
      tasks.isEmpty
      ? "The configuration lists no task."
      : #"Name one in the metadata of the request, {"task": "…"}: \#(Self.some(tasks))."#
    return takesDescriptions ? "Describe it in the last message of the user. \(words)" : words
  }

  private static func some(_ tasks: [AgentTask]) -> String {
    let names = tasks.prefix(10).map { $0.id.rawValue.clipped(to: 80) }.joined(separator: ", ")
    return tasks.count > 10 ? "\(names) and \(tasks.count - 10) more" : names.isEmpty ? "none" : names
  }
}
