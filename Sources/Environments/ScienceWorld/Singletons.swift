/// The objects that the simulator keeps once a process and changes while a game is under way. Each world gets its own of them.
///
/// With one of each, a `load` in one world changes the game of another:
///
/// - `UniqueIdentifier` numbers objects, and `load` starts again at 0. Objects that the other game makes afterwards, such as a
///   mixture or steam, get numbers that are taken: chemistry-mix pays .42 for actions that are worth 1.
/// - `Random` is Scala's shared generator, and `load` seeds it. Animals wander by it.
/// - `SimplifierProcessor` holds the simplifications in force, which `load` sets to those of its own game.
///
/// A Scala singleton is an object in a static field that is not final. Before a world is called, these fields are set to the
/// world's own instances. Nothing else of the pinned jar changes and is shared, apart from a table of type names that only grows
/// and the search patterns of gold paths; the tests compare that with the jar's own classes.
struct Singletons: Sendable {
  static let types = [
    "util.UniqueIdentifier$", "scala.util.Random$", "main.scala.scienceworld.runtime.SimplifierProcessor$",
  ]

  private let connection: Py4JConnection
  /// Of each type, its static field and its constructor.
  private let parts: [(field: String, constructor: String)]
  /// An empty array: the arguments of the constructors.
  private let noArguments: String

  static func find(_ connection: Py4JConnection) async throws(Py4JFailure) -> Singletons {
    func type(_ name: String) async throws(Py4JFailure) -> String {
      try await connection.answer(to: Py4JCall(type: "java.lang.Class", "forName", .text(name))).object()
    }
    let arrays = "java.lang.reflect.Array"
    var parts: [(field: String, constructor: String)] = []
    for name in types {
      let type = try await type(name)
      let field = try await connection.answer(to: Py4JCall(type, "getField", .text("MODULE$"))).object()
      let constructors = try await connection.answer(to: Py4JCall(type, "getDeclaredConstructors")).object()
      let constructor = try await connection.answer(
        to: Py4JCall(type: arrays, "get", .object(constructors), .integer(0))
      ).object()
      _ = try await connection.answer(to: Py4JCall(constructor, "setAccessible", .boolean(true)))
      parts.append((field, constructor))
    }
    let noArguments = try await connection.answer(
      to: Py4JCall(type: arrays, "newInstance", .object(try await type("java.lang.Object")), .integer(0))
    ).object()
    return Singletons(connection: connection, parts: parts, noArguments: noArguments)
  }

  /// New instances, and the calls that put them in place.
  func made() async throws(Py4JFailure) -> Py4JContext {
    // To make one puts it in place as well, whoever's were there.
    let made = try await connection.answers(
      to: parts.map { Py4JCall($0.constructor, "newInstance", .object(noArguments)) }, in: .unknown)
    var names: [String] = []
    for answer in made { names.append(try answer.object()) }
    let entry = zip(parts, names).map { Py4JCall($0.field, "set", .nothing, .object($1)) }
    return Py4JContext(name: names.joined(separator: " "), entry: entry)
  }
}
