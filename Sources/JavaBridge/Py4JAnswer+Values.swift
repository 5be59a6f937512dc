extension Py4JAnswer {
  /// - Throws: ``Py4JFailure`` of kind `malformed`, as the other values, if the answer is something else.
  package func text() throws(Py4JFailure) -> String {
    guard case .text(let text) = self else { throw unexpected("a text") }
    return text
  }

  /// The name of an object.
  package func object() throws(Py4JFailure) -> String {
    switch self {
    case .object(let name), .array(let name): return name
    default: throw unexpected("an object")
    }
  }

  package func integer() throws(Py4JFailure) -> Int {
    guard case .integer(let number) = self else { throw unexpected("a whole number") }
    return number
  }

  package func double() throws(Py4JFailure) -> Double {
    guard case .double(let number) = self else { throw unexpected("a number") }
    return number
  }

  package func boolean() throws(Py4JFailure) -> Bool {
    guard case .boolean(let flag) = self else { throw unexpected("true or false") }
    return flag
  }

  private func unexpected(_ wanted: String) -> Py4JFailure {
    Py4JFailure(.malformed, "\(self) where \(wanted) was expected")
  }
}

extension Py4JConnection {
  /// The texts of a Java list or array, which is released.
  package func texts(of list: Py4JAnswer) async throws(Py4JFailure) -> [String] {
    let name = try list.object()
    return try await releasing { objects throws(Py4JFailure) in
      objects.append(name)
      let arrays = "java.lang.reflect.Array"
      let isArray = if case .array = list { true } else { false }
      let size = isArray ? Py4JCall(type: arrays, "getLength", .object(name)) : Py4JCall(name, "size")
      let count = try await answer(to: size).integer()
      guard (0...Self.longestList).contains(count) else { throw Py4JFailure(.malformed, "a list of \(count) texts") }
      let items = try await answers(
        to: (0..<count).map { place in
          let place = Py4JCall.Argument.integer(Int32(clamping: place))
          return isArray ? Py4JCall(type: arrays, "get", .object(name), place) : Py4JCall(name, "get", place)
        })
      var texts: [String] = []
      for item in items { texts.append(try item.text()) }
      return texts
    }
  }

  /// The longest list that ``texts(of:)`` reads. The longest solutions have some thousand actions.
  private static let longestList = 100_000

  /// Runs `body`, which lists the objects that answers named, and releases these afterwards, also if it throws.
  package func releasing<T>(
    _ body: (inout [String]) async throws(Py4JFailure) -> T
  ) async throws(Py4JFailure) -> T {
    var objects: [String] = []
    let value: T
    do throws(Py4JFailure) {
      value = try await body(&objects)
    } catch {
      try? await release(objects)
      throw error
    }
    try await release(objects)
    return value
  }

  /// Releases objects that answers named.
  package func release(_ objects: [String]) async throws(Py4JFailure) {
    _ = try await answers(to: objects.map { Py4JCall(releasing: $0) })
  }
}
