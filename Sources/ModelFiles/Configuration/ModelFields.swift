/// Named values of a configuration, from GGUF's metadata or a JSON object. Each value is checked when it is read.
struct ModelFields {
  let path: String
  private let lookup: (String) -> JSON?

  init(_ object: JSON, path: String) {
    self.path = path
    lookup = { object[$0] }
  }

  init(_ file: GGUFFile, prefix: String = "") {
    path = file.path
    lookup = { file.metadata[prefix + $0].map(JSON.init) }
  }

  subscript(key: String) -> JSON? { lookup(key) }

  func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(ModelFileError) -> Int {
    guard let value = lookup(key) else {
      guard let fallback else { throw missing(key) }
      return fallback
    }
    guard let integer = value.integer, range.contains(integer) else {
      throw wrong(key, "a whole number of \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func positive(_ key: String, default fallback: Double? = nil) throws(ModelFileError) -> Double {
    guard let value = lookup(key) else {
      guard let fallback else { throw missing(key) }
      return fallback
    }
    guard let number = value.number, number.isFinite, number > 0 else { throw wrong(key, "a positive number") }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws(ModelFileError) -> Bool {
    guard let value = lookup(key) else { return fallback }
    guard let bool = value.bool else { throw wrong(key, "true or false") }
    return bool
  }

  func string(_ key: String) throws(ModelFileError) -> String? {
    guard let value = lookup(key) else { return nil }
    guard let string = value.string else { throw wrong(key, "a string") }
    return string
  }

  /// One token identifier or a list of them; empty if the key is missing.
  func tokens(_ key: String) throws(ModelFileError) -> [Int] {
    guard let value = lookup(key) else { return [] }
    let values = value.array ?? [value]
    let tokens = values.compactMap(\.integer)
    guard tokens.count == values.count, tokens.count <= 1024, tokens.allSatisfy({ $0 >= 0 }) else {
      throw wrong(key, "the number of a token or a list of them")
    }
    return tokens
  }

  func missing(_ key: String) -> ModelFileError {
    ModelFileError(.malformed, path, "The configuration has no “\(key)”.")
  }

  func wrong(_ key: String, _ expected: String) -> ModelFileError {
    ModelFileError(.malformed, path, "“\(key)” is not \(expected).")
  }

  func unsupported(_ what: String) -> ModelFileError {
    ModelFileError(.unsupported, path, "\(what) is not supported.")
  }
}

extension JSON {
  init(_ value: GGUFValue) {
    switch value {
    case .unsigned, .signed: self = value.integer.map(JSON.integer) ?? .number(value.number ?? .infinity)
    case .float32, .float64: self = .number(value.number ?? .nan)
    case .bool(let bool): self = .bool(bool)
    case .string(let string): self = .string(string)
    case .array(let values): self = .array(values.map(JSON.init))
    }
  }
}
