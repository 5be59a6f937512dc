import Agents
import ChildProcess
import Foundation

extension SimulatorPool {
  /// The location of the simulator and the resources that it may use.
  public struct Settings: Sendable, Hashable {
    /// The simulator.
    public let program: JavaProgram
    /// The path of its jar; see ``JavaProgram/findJar(in:)``.
    public var jar: String
    /// The path of Py4J's jar, for a program whose own has no gateway; see ``JavaProgram/findGateway(for:in:)``.
    public var gateway: String?
    /// The path of Java 8 or later; see ``JavaProgram/findJava()``.
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

    /// - Parameters:
    ///   - processes: nil for half the processors, if the free memory suffices for as many.
    ///   - memory: in MiB; nil for what the program needs.
    public init(
      _ program: JavaProgram, jar: String, gateway: String? = nil, java: String, processes: Int? = nil,
      episodesPerProcess: Int = 64, memory: Int? = nil, loadsPerProcess: Int = 2000, deadline: Duration = .seconds(60),
      patience: Duration = .seconds(120), answerLimit: Int = 1 << 20
    ) {
      let memory = memory ?? program.memory.standard
      self.program = program
      self.jar = jar
      self.gateway = gateway
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

    /// The files beside the jar that the simulator reads.
    var files: [String] {
      let folder = URL(fileURLWithPath: jar).deletingLastPathComponent().path
      return program.files.map { "\(folder)/\($0)" }
    }

    var limits: Py4JConnection.Limits { .init(deadline: deadline, answer: answerLimit) }

    /// - Throws: `misconfigured` if Java or a jar is missing, with advice on how to get it, or if a number is out of
    ///   range.
    func check() throws(WorldError) {
      guard FileManager.default.isExecutableFile(atPath: java) else {
        throw program.noJava("There is none at \(java).")
      }
      for file in [jar] + files where !FileManager.default.isReadableFile(atPath: file) {
        throw program.noJar("There is none at \(file).")
      }
      guard gateway != nil || !program.needsGateway else { throw program.noGateway("There is no path of its jar.") }
      if let gateway, !FileManager.default.isReadableFile(atPath: gateway) {
        throw WorldError(.misconfigured, "environment.gatewayJar is \(gateway), which cannot be read.")
      }
      let least = [
        ("processes", processes, 1), ("episodesPerProcess", episodesPerProcess, 1),
        ("memory", memory, program.memory.least),
        ("loadsPerProcess", loadsPerProcess, 1), ("answerLimit", answerLimit, 1024),
      ]
      for (name, value, bound) in least where value < bound {
        throw WorldError(.misconfigured, "environment.\(name) is \(value); it must be at least \(bound).")
      }
    }
  }
}
