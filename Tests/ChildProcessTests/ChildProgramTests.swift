import Foundation
import TestSupport
import Testing

@testable import ChildProcess

@Suite("Programs that are started here")
struct ChildProgramTests {
  /// Starts a second process, prints both process ids and ignores every signal except SIGKILL.
  static let stubborn = """
    trap '' TERM HUP INT PIPE
    sleep 1000 & echo "$$ $!"
    while :; do sleep 1000; done
    """

  static func program(_ script: String, _ arguments: String..., grace: Duration = .milliseconds(50)) -> ChildProgram {
    ChildProgram(path: "/bin/sh", arguments: ["-c", script, "sh"] + arguments, grace: grace)
  }

  /// The process ids on the first line of a program's output.
  static func numbers(_ child: Child) async throws -> Set<pid_t> {
    var text = ""
    try await child.read { bytes in
      text += String(decoding: bytes, as: UTF8.self)
      return !text.contains("\n")
    }
    return Set(text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) })
  }

  @Test("Input, output and arguments reach the program as they are")
  func passes() async throws {
    let odd = "a 'b' \"c\" $HOME `id` \\ \n é"
    let text = try await Self.program("printf '%s|' \"$1\"; cat", odd).run { child in
      try await child.write(Array("\nfirst\nsecond".utf8))
      await child.endInput()
      var text: [UInt8] = []
      try await child.read { bytes in
        text += bytes
        return true
      }
      return String(decoding: text, as: UTF8.self)
    }
    #expect(text == odd + "|\nfirst\nsecond")
  }

  @Test("Its output is had with what it complains of, and a failure has none")
  func output() async {
    #expect(await Self.program("echo said; echo moaned >&2").output() == "said")
    #expect(await Self.program("echo said; echo moaned >&2").output(complaints: true) == "said\nmoaned")
    #expect(await Self.program("echo said; exit 3").output() == nil)
    #expect(await ChildProgram(path: "/nowhere/at/all").output() == nil)
    #expect(await Self.program("head -c 100000 /dev/zero | tr '\\0' x").output()?.count == 4096)
  }

  @Test("Of what it complains of, the last lines are kept")
  func complaints() async throws {
    let script = "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; head -c 5000 /dev/zero | tr '\\0' y >&2"
    let (text, lines) = try await Self.program(script).run { child in
      (await child.complaints.lastWords(), child.complaints.lines)
    }
    #expect(lines.dropLast() == ["line 3", "line 4", "line 5", "line 6", "line 7"])
    #expect(lines.last == String(repeating: "y", count: 300) && text.hasPrefix(": line 3 | "))
    #expect(try await Self.program("true").run { await $0.complaints.lastWords() } == ".")
  }

  @Test("A program that heeds nothing is ended after the body, and all that it has started")
  func stubbornness() async throws {
    let processes = try await Self.program(Self.stubborn).run { child in
      let processes = try await Self.numbers(child)
      #expect(processes.count == 2 && processes.allSatisfy(Processes.isAlive))
      return processes
    }
    #expect(try await Processes.survivors(of: processes).isEmpty)
  }

  @Test("What a program leaves behind ends with it")
  func orphans() async throws {
    let processes = try await Self.program("sleep 1000 >/dev/null 2>&1 & echo $!").run { child in
      let processes = try await Self.numbers(child)
      try await child.read { _ in true }
      return processes
    }
    #expect(processes.count == 1)
    #expect(try await Processes.survivors(of: processes).isEmpty)
  }

  @Test("It ends with a body that fails, and with one that is cancelled")
  func failures() async throws {
    struct Oops: Error {}
    let (stream, started) = AsyncStream<Set<pid_t>>.makeStream()
    await #expect(throws: Oops.self) {
      try await Self.program(Self.stubborn).run { child in
        started.yield(try await Self.numbers(child))
        throw Oops()
      }
    }
    let task = Task {
      try await Self.program(Self.stubborn, grace: .seconds(600)).run { child in
        started.yield(try await Self.numbers(child))
        try await Task.sleep(for: .seconds(600))
      }
    }
    var processes: Set<pid_t> = []
    var all: [Set<pid_t>] = []
    for await some in stream {
      all.append(some)
      processes.formUnion(some)
      if all.count == 2 { break }
    }
    task.cancel()
    _ = await task.result
    #expect(processes.count == 4)
    #expect(try await Processes.survivors(of: processes).isEmpty)
  }

  @Test("A folder that is not there is said, and a program that cannot be run complains")
  func unstartable() async throws {
    var program = Self.program("true")
    program.folder = "/nowhere/at/all"
    let error = await #expect(throws: ChildError.self) { try await program.run { _ in } }
    #expect(error?.message.contains("/bin/sh") == true)
    let said = try await ChildProgram(path: "/nowhere/at/all").run { await $0.complaints.lastWords() }
    #expect(said.contains("/nowhere/at/all"))
  }
}
