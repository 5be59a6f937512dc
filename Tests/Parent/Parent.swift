import ChildProcess
import Foundation

/// Runs the program of its arguments as a child and repeats what that prints. Tests end it in every way there is.
@main
enum Parent {
  static func main() async throws {
    // Whoever started this may ignore them at the moment, and that is inherited.
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
