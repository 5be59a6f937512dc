import Agents
import Foundation
import Testing

@testable import JavaBridge
@testable import ScienceWorld

@Suite("A Java that cannot run the simulator")
struct OldJavaTests {
  /// OpenJDK 8's error for a class of a later version.
  static let complaint = """
    Error: A JNI error has occurred, please check your installation and try again
    Exception in thread "main" java.lang.UnsupportedClassVersionError: scienceworld/Main has been compiled by a more recent \
    version of the Java Runtime (class file version 55.0), this version recognizes class file versions up to 52.0
    """

  @Test("Its own message is quoted")
  func quoted() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("java-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let java = folder.appendingPathComponent("java").path
    try Data("#!/bin/sh\ncat >&2 <<'END'\n\(Self.complaint)\nEND\nexit 1\n".utf8).write(to: URL(fileURLWithPath: java))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: java)
    let error = await #expect(throws: WorldError.self) {
      try await SimulatorPool.with(.init(.scienceWorld, jar: java, java: java, processes: 1)) { pool in
        let world = try world(pool)
        _ = try await world.begin(try world.task("boil/0"))
      }
    }
    #expect(error?.kind == .misconfigured)
    #expect(error?.message.contains("class file version 55.0") == true, "\(error?.message ?? "")")
  }
}
