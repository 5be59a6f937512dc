/// A dictionary of tensors in Python's pickle format, as `torch.save` writes it.
///
/// A pickle is a program, but nothing of it is executed here. Supported are the instructions that build dictionaries,
/// tuples, numbers and tensors, and of Python's names only those of tensors. Anything else is an error.
struct TensorPickle {
  /// A tensor's place in a storage, in elements.
  struct Entry: Sendable, Hashable {
    let storage: String
    /// The storage class, such as `FloatStorage`.
    let type: String
    let offset: Int
    let shape: [Int]
    let strides: [Int]
  }

  private indirect enum Value {
    case none, mark
    case bool(Bool)
    case integer(Int)
    case text(String)
    case tuple([Value])
    case dictionary(Int)
    case name(String)
    case storage(key: String, type: String)
    case tensor(Entry)
  }

  private static let names: Set<String> = [
    "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict",
    "torch FloatStorage", "torch HalfStorage", "torch BFloat16Storage",
  ]
  private static let mostSteps = 1 << 20

  private var stack: [Value] = []
  private var memo: [Int: Value] = [:]
  private var dictionaries: [[(key: Value, value: Value)]] = []
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var place = 0

  static func entries(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) -> [String: Entry] {
    var pickle = TensorPickle(bytes: bytes, path: path)
    return try pickle.run()
  }

  private init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  private func problem(_ what: String) -> ModelFileError {
    ModelFileError(
      .malformed, path,
      "Its pickle \(what) at byte \(place). Only plain dictionaries of tensors are read: save as safetensors instead.")
  }

  private mutating func number(_ size: Int) throws(ModelFileError) -> Int {
    guard place + size <= bytes.count else { throw problem("ends too soon") }
    defer { place += size }
    return (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }

  private mutating func text(_ size: Int) throws(ModelFileError) -> String {
    guard size >= 0, size <= bytes.count - place else { throw problem("ends too soon") }
    defer { place += size }
    return String(decoding: bytes[place..<place + size], as: UTF8.self)
  }

  private mutating func line() throws(ModelFileError) -> String {
    guard let end = bytes[place...].firstIndex(of: 10), end - place < 256 else {
      throw problem("has a name without an end")
    }
    defer { place = end + 1 }
    return String(decoding: bytes[place..<end], as: UTF8.self)
  }

  private mutating func pop() throws(ModelFileError) -> Value {
    guard let value = stack.popLast() else { throw problem("takes a value from an empty stack") }
    return value
  }

  /// Pops the values above the last mark.
  private mutating func popToMark() throws(ModelFileError) -> [Value] {
    var values: [Value] = []
    while true {
      let value = try pop()
      if case .mark = value { return values.reversed() }
      values.append(value)
    }
  }

  private mutating func run() throws(ModelFileError) -> [String: Entry] {
    for _ in 0..<Self.mostSteps {
      let code = try number(1)
      switch code {
      case 0x80: _ = try number(1)  // PROTO
      case 0x95: _ = try number(8)  // FRAME
      case 0x7D: stack.append(newDictionary())  // EMPTY_DICT
      case 0x29, 0x5D: stack.append(.tuple([]))  // EMPTY_TUPLE, EMPTY_LIST
      case 0x28: stack.append(.mark)
      case 0x4E: stack.append(.none)
      case 0x88, 0x89: stack.append(.bool(code == 0x88))
      case 0x4B: stack.append(.integer(try number(1)))  // BININT1
      case 0x4D: stack.append(.integer(try number(2)))  // BININT2
      case 0x4A: stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))  // BININT
      case 0x8A:  // LONG1
        let size = try number(1)
        guard size <= 7 else { throw problem("has a number that is too large") }
        let value = try number(size)
        stack.append(.integer(size > 0 && value >> (8 * size - 1) == 1 ? value - 1 << (8 * size) : value))
      case 0x58: stack.append(.text(try text(number(4))))  // BINUNICODE
      case 0x8C: stack.append(.text(try text(number(1))))  // SHORT_BINUNICODE
      case 0x71: memo[try number(1)] = stack.last  // BINPUT
      case 0x72: memo[try number(4)] = stack.last  // LONG_BINPUT
      case 0x94: memo[memo.count] = stack.last  // MEMOIZE
      case 0x68, 0x6A:  // BINGET, LONG_BINGET
        guard let value = memo[try number(code == 0x68 ? 1 : 4)] else {
          throw problem("reads a value that was not stored")
        }
        stack.append(value)
      case 0x85, 0x86, 0x87:  // TUPLE1, TUPLE2, TUPLE3
        var values: [Value] = []
        for _ in 0..<code - 0x84 { values.insert(try pop(), at: 0) }
        stack.append(.tuple(values))
      case 0x74: stack.append(.tuple(try popToMark()))  // TUPLE
      case 0x63: stack.append(try name(line(), line()))  // GLOBAL
      case 0x93:  // STACK_GLOBAL
        guard case .text(let name) = try pop(), case .text(let module) = try pop() else { throw problem("has no name") }
        stack.append(try self.name(module, name))
      case 0x51: stack.append(try storage(pop()))  // BINPERSID
      case 0x52:  // REDUCE
        let arguments = try pop()
        stack.append(try call(pop(), arguments))
      case 0x73:  // SETITEM
        let value = try pop()
        try set([pop(), value])
      case 0x75: try set(popToMark())  // SETITEMS
      case 0x62: _ = try pop()  // BUILD: attributes, which tensors do not need
      case 0x2E: return try result(pop())  // STOP
      default: throw problem("has the instruction \(code), which is not supported")
      }
      if stack.count > Self.mostSteps { throw problem("keeps too many values") }
    }
    throw problem("takes too many steps")
  }

  private mutating func newDictionary() -> Value {
    dictionaries.append([])
    return .dictionary(dictionaries.count - 1)
  }

  private func name(_ module: String, _ name: String) throws(ModelFileError) -> Value {
    let whole = "\(module) \(name)"
    guard Self.names.contains(whole) else { throw problem("uses \(quoted("\(module).\(name)"))") }
    return .name(whole)
  }

  private func storage(_ value: Value) throws(ModelFileError) -> Value {
    guard case .tuple(let parts) = value, parts.count >= 3, case .text("storage") = parts[0],
      case .name(let type) = parts[1], type.hasPrefix("torch "), case .text(let key) = parts[2]
    else { throw problem("names a storage in an unknown way") }
    return .storage(key: key, type: String(type.dropFirst(6)))
  }

  private mutating func call(_ callee: Value, _ arguments: Value) throws(ModelFileError) -> Value {
    guard case .name(let name) = callee, case .tuple(let parts) = arguments else {
      throw problem("calls a value that is not a function")
    }
    switch name {
    case "collections OrderedDict" where parts.isEmpty: return newDictionary()
    case "torch._utils _rebuild_parameter":
      guard let first = parts.first, case .tensor = first else {
        throw problem("makes a parameter of a value that is not a tensor")
      }
      return first
    case "torch._utils _rebuild_tensor_v2":
      guard parts.count >= 4, case .storage(let key, let type) = parts[0], case .integer(let offset) = parts[1],
        let shape = integers(parts[2]), let strides = integers(parts[3]), shape.count == strides.count,
        shape.count <= 8, offset >= 0, (shape + strides).allSatisfy({ $0 >= 0 })
      else { throw problem("makes a tensor in an unknown way") }
      return .tensor(Entry(storage: key, type: type, offset: offset, shape: shape, strides: strides))
    default: throw problem("calls \(quoted(name))")
    }
  }

  private func integers(_ value: Value) -> [Int]? {
    guard case .tuple(let parts) = value else { return nil }
    let numbers = parts.compactMap { part -> Int? in
      if case .integer(let number) = part { return number }
      return nil
    }
    return numbers.count == parts.count ? numbers : nil
  }

  /// Adds alternating keys and values to the dictionary at the top of the stack.
  private mutating func set(_ values: [Value]) throws(ModelFileError) {
    guard case .dictionary(let number)? = stack.last, values.count % 2 == 0 else {
      throw problem("fills a value that is not a dictionary")
    }
    for place in stride(from: 0, to: values.count, by: 2) {
      dictionaries[number].append((values[place], values[place + 1]))
    }
  }

  private func result(_ value: Value) throws(ModelFileError) -> [String: Entry] {
    guard case .dictionary(let number) = value else { throw problem("is not a dictionary") }
    var entries: [String: Entry] = [:]
    for (key, value) in dictionaries[number] {
      guard case .text(let name) = key, case .tensor(let entry) = value else {
        throw problem("has a value that is not a tensor")
      }
      guard entries.updateValue(entry, forKey: name) == nil else { throw problem("has \(quoted(name)) twice") }
    }
    return entries
  }
}
