import Agents
import Foundation

/// A simulator in a jar of a Python package, of which only the jar is used.
public struct JavaProgram: Sendable {
  /// The name in messages, such as `ScienceWorld`.
  public let name: String
  /// The package of PyPI that has the jar.
  public let distribution: String
  /// The only version that is accepted: others may have other games.
  public let version: String
  /// The jar's place among Python's packages.
  package let jar: String
  /// Files beside the jar that the simulator reads from its working folder.
  package let files: [String]
  /// Whether the jar needs Py4J's jar to start a gateway.
  package let needsGateway: Bool
  /// The heap of a process by default, and the least with which it works, in MiB.
  package let memory: (standard: Int, least: Int)
  /// The class whose objects are worlds.
  package let interface: String
  /// Prepares a process whose worlds share state; nil if they share none.
  package let contexts: Contexts?

  /// Makes the context of a new world.
  package typealias NewContext = @Sendable () async throws(Py4JFailure) -> Py4JContext
  /// What a process needs so that its worlds leave each other alone.
  package typealias Contexts = @Sendable (Py4JConnection) async throws(Py4JFailure) -> NewContext

  package init(
    name: String, distribution: String, version: String, jar: String, files: [String] = [], needsGateway: Bool = false,
    memory: (standard: Int, least: Int), interface: String, contexts: Contexts? = nil
  ) {
    self.name = name
    self.distribution = distribution
    self.version = version
    self.jar = jar
    self.files = files
    self.needsGateway = needsGateway
    self.memory = memory
    self.interface = interface
    self.contexts = contexts
  }
}

extension JavaProgram: Hashable {
  public static func == (a: JavaProgram, b: JavaProgram) -> Bool { (a.name, a.version) == (b.name, b.version) }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

// MARK: - Where it is

extension JavaProgram {
  /// The jar in the first virtual environment that has the package.
  ///
  /// - Throws: `misconfigured` if none has it. The message lists the places searched.
  public func findJar(in searchRoots: [String]) throws(WorldError) -> String {
    var tried: [String] = []
    for root in searchRoots {
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
      for version in versions.filter({ $0.hasPrefix("python3") }).sorted() {
        let path = "\(root)/lib/\(version)/site-packages/\(jar)"
        if FileManager.default.isReadableFile(atPath: path) { return path }
      }
      tried.append("\(root)/lib/python3*/site-packages/\(jar)")
    }
    throw noJar(
      tried.isEmpty ? "There is no folder to look for it in." : "Looked for \(tried.joined(separator: " and for ")).")
  }

  /// Py4J's newest jar of the environment that has the simulator's jar, or of the first that has one. Nil if the
  /// simulator needs none.
  ///
  /// - Throws: `misconfigured` if none has it.
  public func findGateway(for jar: String, in searchRoots: [String]) throws(WorldError) -> String? {
    guard needsGateway else { return nil }
    let roots = Self.environment(of: jar).map { [$0] + searchRoots } ?? searchRoots
    for root in roots {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/share/py4j")) ?? []
      let versions = files.filter { $0.hasPrefix("py4j") && $0.hasSuffix(".jar") }.map { $0.dropFirst(4).dropLast(4) }
      if let newest = versions.max(by: { $0.compare($1, options: .numeric) == .orderedAscending }) {
        return "\(root)/share/py4j/py4j\(newest).jar"
      }
    }
    throw noGateway(
      roots.isEmpty
        ? "There is no folder to look for it in."
        : "Looked for \(roots.map { "\($0)/share/py4j/py4j*.jar" }.joined(separator: " and for ")).")
  }

  /// The virtual environment that a file is installed in, as `lib/python3.11/site-packages/…`; nil for other files.
  private static func environment(of file: String) -> String? {
    let parts = URL(fileURLWithPath: file).pathComponents
    guard let place = parts.lastIndex(of: "site-packages"), place > 2 else { return nil }
    return NSString.path(withComponents: Array(parts[..<(place - 2)]))
  }

  /// The Java that `JAVA_HOME` or `PATH` leads to.
  ///
  /// - Throws: `misconfigured` if there is none.
  public func findJava() throws(WorldError) -> String {
    let variables = ProcessInfo.processInfo.environment
    let home = variables["JAVA_HOME"].map { ["\($0)/bin"] } ?? []
    for folder in home + (variables["PATH"] ?? "").split(separator: ":").map(String.init)
    where FileManager.default.isExecutableFile(atPath: "\(folder)/java") {
      return "\(folder)/java"
    }
    throw noJava("Neither JAVA_HOME nor PATH has one.")
  }

  func noJar(_ tried: String) -> WorldError {
    WorldError(
      .misconfigured,
      "\(name) has no simulator. \(tried) Get it with `pip install \(distribution)==\(version)` (only its jar is used), "
        + "or set environment.jar.")
  }

  func noGateway(_ tried: String) -> WorldError {
    WorldError(
      .misconfigured,
      "\(name) has no Py4J. \(tried) Get it with `pip install py4j` (only its jar is used), or set "
        + "environment.gatewayJar.")
  }

  func noJava(_ tried: String) -> WorldError {
    WorldError(
      .misconfigured,
      "\(name) needs Java. \(tried) Get it with `apt-get install openjdk-17-jre-headless` or `brew install openjdk`, "
        + "or set environment.java.")
  }
}
