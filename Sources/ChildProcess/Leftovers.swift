import Foundation

/// Processes that a program has started and left behind, in sessions of their own.
package enum Leftovers {
  /// Kills every process of this user whose environment has this variable with this value.
  ///
  /// A process group does not have what was started in a session of its own, but environments are inherited. On systems
  /// without `/proc` nothing is found.
  package static func kill(having variable: String, _ value: String) {
    #if os(Linux)
      let wanted = Array("\(variable)=\(value)".utf8)
      // Again, while something is found: a process may fork while it is looked for.
      for _ in 0..<10 {
        var found = false
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
          guard let process = pid_t(name), process > 1, process != getpid(), isRunning(name),
            let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
            environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) })
          else { continue }
          found = true
          _ = systemKill(process)
        }
        if !found { return }
      }
    #endif
  }

  /// Whether a process has not ended. Of one that has, the environment can be read until it is collected.
  private static func isRunning(_ name: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: "/proc/\(name)/stat") else { return false }
    let text = String(decoding: data, as: UTF8.self)
    // The state follows the name, which is in brackets and may hold anything.
    guard let bracket = text.lastIndex(of: ")") else { return false }
    return !text[bracket...].hasPrefix(") Z") && !text[bracket...].hasPrefix(") X")
  }

  /// Whether a child has ended, without collecting its status.
  package static func hasEnded(_ process: pid_t) -> Bool {
    var info = siginfo_t()
    #if os(Linux)
      let result = waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
      return result != 0 || info._sifields._sigchld.si_pid == process
    #else
      let result = waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
      return result != 0 || info.si_pid == process
    #endif
  }
}

private func systemKill(_ process: pid_t) -> Int32 { kill(process, SIGKILL) }

/// The pipe that a child prints to, opened once more, to look at it and never to read from it.
package final class PrintedOutput: Sendable {
  private let pipe: Int32

  /// nil where the pipe cannot be opened.
  package init?(of process: pid_t) {
    #if os(Linux)
      pipe = open("/proc/\(process)/fd/1", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard pipe >= 0 else { return nil }
    #else
      return nil
    #endif
  }

  deinit { close(pipe) }

  /// Whether the child has printed what was not read yet.
  package var isWaiting: Bool {
    var count: Int32 = 0
    return ioctl(pipe, UInt(FIONREAD), &count) == 0 && count > 0
  }
}
