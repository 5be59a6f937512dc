import JavaBridge

/// The simulator's global objects that change during a game. Each world gets its own copies.
///
/// With shared objects, a `load` in one world changes the game of another:
///
/// - `UniqueIdentifier` numbers objects, and `load` restarts it at 0. Objects that the other game creates later, such
///   as a mixture or steam, get numbers that are taken: chemistry-mix pays .42 for actions that are worth 1.
/// - `Random` is Scala's shared generator, and `load` seeds it. It drives the movement of animals.
/// - `SimplifierProcessor` holds the active simplifications, which `load` sets to those of its own game.
///
/// A Scala singleton is an object in a static field that is not final. Before a world is called, these fields are set
/// to the world's own instances. The pinned jar has no other shared mutable state, apart from a growing table of type
/// names and the search patterns of gold paths. Tests compare this with the jar's classes.
struct Singletons: Sendable {
  static let types = [
    "util.UniqueIdentifier$", "scala.util.Random$", "main.scala.scienceworld.runtime.SimplifierProcessor$",
  ]

  private let connection: Py4JConnection
  /// The static field and the constructor of each type.
  private let parts: [(field: String, constructor: String)]
  /// An empty array, used as the constructors' arguments.
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

  /// Creates instances, and the calls that set them.
  func made() async throws(Py4JFailure) -> Py4JContext {
    // The constructor itself stores the new instance in the static field, whichever world's was there.
    let made = try await connection.answers(
      to: parts.map { Py4JCall($0.constructor, "newInstance", .object(noArguments)) }, in: .unknown)
    var names: [String] = []
    for answer in made { names.append(try answer.object()) }
    let entry = zip(parts, names).map { Py4JCall($0.field, "set", .nothing, .object($1)) }
    return Py4JContext(name: names.joined(separator: " "), entry: entry)
  }
}
