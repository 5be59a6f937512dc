import ChildProcess
import Foundation

/// Runs the program in its arguments as a child and repeats the child's output. Tests end this process in every
/// possible way.
@main
enum Parent {
  static func main() async throws {
    // The parent process may ignore these signals, and a child inherits that.
    for number in [SIGTERM, SIGINT, SIGHUP, SIGSEGV] { signal(number, SIG_DFL) }
    let arguments = CommandLine.arguments.dropFirst()
    let program = ChildProgram(path: arguments.first ?? "", arguments: Array(arguments.dropFirst()))
    try await program.run { child in
      print("child \(child.process)")
      fflush(nil)
      try await child.read { bytes in
        FileHandle.standardOutput.write(Data(bytes))
        return true
      }
    }
  }
}
