import Agents
import ChildProcess
import Foundation

extension SimulatorPool {
  /// The location of the simulator and the resources that it may use.
  public struct Settings: Sendable, Hashable {
    /// The path of `scienceworld.jar`, from PyPI's scienceworld; see ``findJar(in:)``.
    public var jar: String
    /// The path of Java 8 or later; see ``findJava()``.
    public var java: String
    /// The most Java processes at a time. Each keeps about one core busy while it is in use.
    public var processes: Int
    /// The number of episodes that one process keeps ready, at 1 to 5 MiB each. With more episodes an idle one is
    /// evicted, and replayed from its start at its next action.
    public var episodesPerProcess: Int
    /// The heap of one process, in MiB.
    public var memory: Int
    /// A process that has loaded this many games is replaced, since its memory grows with use.
    public var loadsPerProcess: Int
    /// The longest that one call may take.
    public var deadline: Duration
    /// The longest that a process may take to start.
    public var patience: Duration
    /// The longest answer, in bytes.
    public var answerLimit: Int
    /// The environment variables that the processes get.
    public var environment = ChildEnvironment()

    /// - Parameter processes: nil for half the processors, if the free memory suffices for as many.
    public init(
      jar: String, java: String, processes: Int? = nil, episodesPerProcess: Int = 64, memory: Int = 1024,
      loadsPerProcess: Int = 2000, deadline: Duration = .seconds(60),
      patience: Duration = .seconds(120), answerLimit: Int = 1 << 20
    ) {
      self.jar = jar
      self.java = java
      self.processes = processes ?? Self.processes(memory: memory)
      self.episodesPerProcess = episodesPerProcess
      self.memory = memory
      self.loadsPerProcess = loadsPerProcess
      self.deadline = deadline
      self.patience = patience
      self.answerLimit = answerLimit
    }

    /// - Parameter memory: the heap of one process, in MiB. Java needs about half as much again, and 100 MiB.
    static func processes(memory: Int, free: Int? = freeMemory) -> Int {
      let processors = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
      return max(1, min(processors, (free ?? .max) / (memory + memory / 2 + 100)))
    }

    /// The available memory in MiB, as reported by Linux; nil on other systems.
    static var freeMemory: Int? {
      let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
      return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 / 1_024 }
    }

    var limits: Py4JConnection.Limits { .init(deadline: deadline, answer: answerLimit) }

    /// - Throws: `misconfigured` if Java or the jar is missing, with advice on how to get it, or if a number is out of
    ///   range.
    func check() throws(WorldError) {
      guard FileManager.default.isExecutableFile(atPath: java) else { throw Self.noJava("There is none at \(java).") }
      guard FileManager.default.isReadableFile(atPath: jar) else { throw Self.noJar("There is none at \(jar).") }
      let least = [
        ("processes", processes, 1), ("episodesPerProcess", episodesPerProcess, 1), ("memory", memory, 128),
        ("loadsPerProcess", loadsPerProcess, 1), ("answerLimit", answerLimit, 1024),
      ]
      for (name, value, bound) in least where value < bound {
        throw WorldError(.misconfigured, "environment.\(name) is \(value); it must be at least \(bound).")
      }
    }

    /// The jar of the Python package `scienceworld`, from the first virtual environment that has it.
    ///
    /// - Throws: `misconfigured` if none has it. The message lists the places searched.
    public static func findJar(in searchRoots: [String]) throws(WorldError) -> String {
      var tried: [String] = []
      for root in searchRoots {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
        for version in versions.filter({ $0.hasPrefix("python3") }).sorted() {
          let jar = "\(root)/lib/\(version)/site-packages/scienceworld/scienceworld.jar"
          if FileManager.default.isReadableFile(atPath: jar) { return jar }
        }
        tried.append("\(root)/lib/python3*/site-packages/scienceworld/scienceworld.jar")
      }
      throw noJar(
        tried.isEmpty ? "There is no folder to look for it in." : "Looked for \(tried.joined(separator: " and for ")).")
    }

    /// The Java that `JAVA_HOME` or `PATH` leads to.
    ///
    /// - Throws: `misconfigured` if there is none.
    public static func findJava() throws(WorldError) -> String {
      let variables = ProcessInfo.processInfo.environment
      let home = variables["JAVA_HOME"].map { ["\($0)/bin"] } ?? []
      for folder in home + (variables["PATH"] ?? "").split(separator: ":").map(String.init)
      where FileManager.default.isExecutableFile(atPath: "\(folder)/java") {
        return "\(folder)/java"
      }
      throw noJava("Neither JAVA_HOME nor PATH has one.")
    }

    private static func noJar(_ tried: String) -> WorldError {
      WorldError(
        .misconfigured,
        "ScienceWorld has no simulator. \(tried) Get it with `pip install scienceworld==\(Catalogue.version)` (only "
          + "its jar is used), or set environment.jar.")
    }

    private static func noJava(_ tried: String) -> WorldError {
      WorldError(
        .misconfigured,
        "ScienceWorld needs Java. \(tried) Get it with `apt-get install openjdk-17-jre-headless` or `brew install openjdk`, "
          + "or set environment.java.")
    }
  }
}
