/// A running simulator: one connection with several worlds behind it. Each world runs one episode at a time.
struct Simulator: Sendable {
  let connection: Py4JConnection
  let version: String
  private let program: JavaProgram
  private let newContext: JavaProgram.NewContext?

  /// Asks a gateway for its version.
  static func greet(_ connection: Py4JConnection, as program: JavaProgram) async throws(Py4JFailure) -> Simulator {
    let type = try await connection.answer(
      to: Py4JCall(type: "java.lang.Class", "forName", .text(program.interface))
    ).object()
    let package = try await connection.answer(to: Py4JCall(type, "getPackage")).object()
    let version = try await connection.answer(to: Py4JCall(package, "getImplementationVersion")).text()
    return Simulator(
      connection: connection, version: version, program: program, newContext: try await program.contexts?(connection))
  }

  func makeWorld() async throws(Py4JFailure) -> SimulatedWorld {
    let context = try await newContext?()
    let name = try await connection.answer(to: Py4JCall(new: program.interface), in: context).object()
    return SimulatedWorld(connection: connection, name: name, context: context)
  }
}

/// An object of a simulator's interface, which runs one game at a time.
package struct SimulatedWorld: Sendable {
  package let connection: Py4JConnection
  /// The object's name at the gateway.
  package let name: String
  /// The state of this world that the process keeps globally; nil if there is none.
  package let context: Py4JContext?

  package init(connection: Py4JConnection, name: String, context: Py4JContext? = nil) {
    self.connection = connection
    self.name = name
    self.context = context
  }

  /// Makes calls with this world's global state set.
  package func answers(to calls: [Py4JCall]) async throws(Py4JFailure) -> [Py4JAnswer] {
    try await connection.answers(to: calls, in: context)
  }

  /// A call of one of the object's methods.
  package func call(_ method: String, _ arguments: Py4JCall.Argument...) -> Py4JCall {
    Py4JCall(object: name, method, arguments)
  }
}
