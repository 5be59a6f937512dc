import Foundation
import JavaBridge

/// What a Java process keeps once for all worlds in it.
package enum SharedFields {
  /// The names of the mutable fields that all worlds of a process share, over a jar's own classes.
  ///
  /// - Parameter package: the beginning of the classes' names.
  package static func names(_ connection: Py4JConnection, jar: String, in package: String = "") async throws -> [String]
  {
    let constants: Set = ["int", "long", "double", "float", "boolean", "java.lang.String"]
    var fields: [String] = []
    let loader = try await connection.answer(to: Py4JCall(type: "java.lang.ClassLoader", "getSystemClassLoader"))
      .object()
    for name in try classes(inJar: jar) where name.hasPrefix(package) {
      let type = try await connection.answer(to: Py4JCall(loader, "loadClass", .text(name))).object()
      let declared = try await connection.answer(to: Py4JCall(type, "getDeclaredFields")).object()
      for field in try await texts(ofArray: declared, connection) {
        // For example "private static final int a.B.c".
        let words = field.split(separator: " ").map(String.init)
        guard words.count > 1, let full = words.last, !full.hasSuffix(".MODULE$") else { continue }
        let isShared = name.hasSuffix("$") || words.contains("static")
        let isConstant = words.contains("final") && constants.contains(words[words.count - 2])
        if isShared, !isConstant { fields.append(full) }
      }
    }
    return fields.sorted()
  }

  private static func texts(ofArray array: String, _ connection: Py4JConnection) async throws -> [String] {
    let arrays = "java.lang.reflect.Array"
    let count = try await connection.answer(to: Py4JCall(type: arrays, "getLength", .object(array))).integer()
    var texts: [String] = []
    for place in 0..<count {
      let element = try await connection.answer(
        to: Py4JCall(type: arrays, "get", .object(array), .integer(Int32(place)))
      ).object()
      texts.append(try await connection.answer(to: Py4JCall(element, "toString")).text())
    }
    return texts
  }

  /// The class names in a jar's central directory, without Scala's library and Py4J.
  private static func classes(inJar path: String) throws -> [String] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    func number(_ place: Int, _ count: Int) -> Int {
      (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    }
    guard let end = bytes.indices.dropLast(21).last(where: { number($0, 4) == 0x0605_4b50 }) else { return [] }
    var place = number(end + 16, 4)
    var names: [String] = []
    for _ in 0..<number(end + 10, 2) {
      let length = number(place + 28, 2)
      let name = String(decoding: bytes[place + 46..<place + 46 + length], as: UTF8.self)
      place += 46 + length + number(place + 30, 2) + number(place + 32, 2)
      guard name.hasSuffix(".class"), !["scala/", "py4j/"].contains(where: name.hasPrefix) else { continue }
      names.append(String(name.dropLast(6).replacing("/", with: ".")))
    }
    return names
  }
}
