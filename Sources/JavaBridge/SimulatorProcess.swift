import Agents
import ChildProcess
import Foundation

/// A Java process that runs the simulator behind a Py4J gateway.
///
/// It ends with this program, even if that is interrupted or killed (``ChildProgram``). It listens only on loopback, on
/// a port that it chooses and prints. The Py4J version in the jar supports no password.
struct SimulatorProcess {
  let settings: SimulatorPool.Settings

  var arguments: [String] {
    [
      "-Xmx\(settings.memory)m",
      // Several processes share the machine, so each should not start collector threads.
      "-XX:+UseSerialGC",
      // Without memory the process ends, and its episodes continue in another one.
      "-XX:+ExitOnOutOfMemoryError",
      // The simulator iterates over sets in the order of identity hashes. This decides the order of listed objects and
      // the flow of heat and current. With a constant hash the order is that of insertion, and a replay gives exactly
      // the same text.
      "-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2",
      "-cp", ([settings.gateway].compactMap(\.self) + [settings.jar]).map(Self.absolute).joined(separator: ":"),
      "py4j.GatewayServer", "--die-on-broken-pipe", "0",
    ]
  }

  private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }

  /// Starts the process and calls `ready` once it answers. Returns when the process has ended or its connection is
  /// closed.
  ///
  /// - Throws: ``WorldError`` if the process does not answer, or has an unexpected version.
  func run(_ ready: @escaping @Sendable (Simulator) async -> Void) async throws(WorldError) {
    // A folder of its own: ScienceWorld writes a table of object types into its working directory.
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "coxswain-\(settings.program.distribution)-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let failure: WorldError?
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for file in settings.files.map(URL.init(fileURLWithPath:)) {
        try FileManager.default.createSymbolicLink(
          at: folder.appending(path: file.lastPathComponent), withDestinationURL: file)
      }
      let program = ChildProgram(
        path: Self.absolute(settings.java), arguments: arguments, folder: folder.path,
        environment: settings.environment)
      failure = try await program.run { child in
        let failure = await serve(child, ready)
        child.kill()
        return failure
      }
    } catch {
      guard !Task.isCancelled else { return }
      throw WorldError(.misconfigured, "\(settings.program.name) could not be started with \(settings.java): \(error)")
    }
    if let failure, !Task.isCancelled { throw failure }
  }

  /// Events in the life of a process.
  private enum Event: Sendable {
    case outputEnded
    case connectionEnded(WorldError?)
    case patienceEnded
  }

  private func serve(
    _ child: Child, _ ready: @escaping @Sendable (Simulator) async -> Void
  ) async -> WorldError? {
    let (ports, found) = AsyncStream<Int>.makeStream()
    return await withTaskGroup(of: Event.self) { group in
      group.addTask {
        await drain(child, port: found)
        return .outputEnded
      }
      group.addTask {
        for await port in ports { return .connectionEnded(await connect(port, ready)) }
        return .connectionEnded(
          WorldError(
            .misconfigured,
            "\(settings.program.name) did not start: \(settings.java) \(arguments.joined(separator: " ")) printed no port"
              + "\(await child.complaints.lastWords()) Run it by hand to see more."))
      }
      group.addTask {
        try? await Task.sleep(for: settings.patience)
        found.finish()
        return .patienceEnded
      }
      defer { group.cancelAll() }
      while let event = await group.next() {
        if case .connectionEnded(let failure) = event { return failure }
      }
      return nil
    }
  }

  /// Reads all output until the process ends, since a full pipe would block it. The first line is the port.
  private func drain(_ child: Child, port: AsyncStream<Int>.Continuation) async {
    defer { port.finish() }
    var line: [UInt8]? = []
    // If the pipe breaks the process is treated as ended.
    try? await child.read { bytes in
      guard let start = line else { return true }
      let text = start + bytes.prefix(64)
      line = text
      guard text.contains(UInt8(ascii: "\n")) || text.count > 64 else { return true }
      line = nil
      let first = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      if let number = Int(first.filter { !$0.isWhitespace }), (1...65_535).contains(number) { port.yield(number) }
      port.finish()
      return true
    }
  }

  private func connect(_ port: Int, _ ready: (Simulator) async -> Void) async -> WorldError? {
    do throws(Py4JFailure) {
      let connection = try await Py4JConnection.open(port: port, limits: settings.limits)
      defer { connection.close() }
      let simulator = try await Simulator.greet(connection, as: settings.program)
      let program = settings.program
      guard simulator.version == program.version else {
        return WorldError(
          .misconfigured,
          "\(settings.jar) is \(program.name) \(simulator.version), but this program needs version \(program.version): "
            + "run `pip install \(program.distribution)==\(program.version)`.")
      }
      await ready(simulator)
      await withTaskCancellationHandler {
        await connection.waitUntilClosed()
      } onCancel: {
        connection.close()
      }
      return nil
    } catch {
      return WorldError(.unavailable, "\(settings.program.name) started, but does not answer: \(error).")
    }
  }
}
