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
    let arrays = "java.lang.reflect.Array"
    let isArray = if case .array = list { true } else { false }
    let size = isArray ? Py4JCall(type: arrays, "getLength", .object(name)) : Py4JCall(name, "size")
    let count = try await answer(to: size).integer()
    let items = try await answers(
      to: (0..<max(count, 0)).map { place in
        let place = Py4JCall.Argument.integer(Int32(clamping: place))
        return isArray ? Py4JCall(type: arrays, "get", .object(name), place) : Py4JCall(name, "get", place)
      })
    var texts: [String] = []
    for item in items { texts.append(try item.text()) }
    try await release([name])
    return texts
  }

  /// Releases objects that answers named.
  package func release(_ objects: [String]) async throws(Py4JFailure) {
    _ = try await answers(to: objects.map { Py4JCall(releasing: $0) })
  }
}
