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
      for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
        guard let process = pid_t(name), process > 1, process != getpid(),
          let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
        else { continue }
        let has = environment.split(separator: 0).contains { $0.elementsEqual(wanted) }
        if has { _ = systemKill(process) }
      }
    #endif
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
