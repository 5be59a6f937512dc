import Foundation
import Synchronization

/// Kills every child when this process ends for any reason, including SIGKILL, which no handler can catch.
///
/// A small shell reads the numbers of the children's process groups from a socket. Only this process holds the other
/// end. When that end closes, the shell kills the remaining groups. The shell is started with the first child, in a
/// session of its own, so that no signal to this process or its terminal reaches it. The kernel's parent-death signal
/// is not enough: it exists only on Linux, does not reach grandchildren, and is sent when the thread that started a
/// child ends.
final class ChildGuard: Sendable {
  static let shared = ChildGuard()

  /// The variable that every child of this process has in its environment, and its value.
  static let variable = "COXSWAIN_PARENT"
  static let mark = UUID().uuidString

  private struct State {
    var socket: Int32?
    var watcher: pid_t?
    var groups: Set<pid_t> = []
  }

  private let state = Mutex(State())

  private static let script = """
    trap '' HUP INT QUIT TERM PIPE
    cd /
    groups=
    while read -r sign group; do
      case $sign in
        +) groups="$groups $group" ;;
        -) rest=
          for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
          groups=$rest ;;
      esac
    done
    for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
    # What left its group is found by its environment, which is empty for a moment while a program begins.
    for pass in 1 2 3 4 5; do
      for file in $(grep -lszx -- "$1" /proc/[0-9]*/environ 2>/dev/null); do
        one=${file#/proc/}
        kill -s KILL "${one%/environ}" 2>/dev/null
      done
      sleep 0.1
    done
    """

  /// - Throws: ``ChildError`` if the watching shell cannot be started.
  func watch(_ group: pid_t) throws(ChildError) {
    let failure: ChildError? = state.withLock { state in
      state.groups.insert(group)
      if let socket = state.socket, Self.send("+ \(group)\n", to: socket) { return nil }
      // There is no watcher yet, or it was killed. A new watcher receives all groups.
      do throws(ChildError) {
        try Self.start(&state)
        return nil
      } catch {
        state.groups.remove(group)
        return error
      }
    }
    if let failure { throw failure }
  }

  func forget(_ group: pid_t) {
    state.withLock { state in
      state.groups.remove(group)
      if let socket = state.socket { _ = Self.send("- \(group)\n", to: socket) }
    }
  }

  /// The process number of the watching shell, for tests.
  var watcher: pid_t? { state.withLock(\.watcher) }

  private static func start(_ state: inout State) throws(ChildError) {
    if let old = state.socket { close(old) }
    if let old = state.watcher { waitpid(old, nil, WNOHANG) }
    (state.socket, state.watcher) = (nil, nil)
    let (own, its) = try pair()
    defer { close(its) }
    do throws(ChildError) {
      state.watcher = try spawn(reading: its)
      state.socket = own
    } catch {
      close(own)
      throw error
    }
    guard send(state.groups.map { "+ \($0)\n" }.joined(), to: own) else {
      throw ChildError("The shell that stops child programs when this process ends could not run: it ended at once.")
    }
  }

  /// A pair of connected sockets that no other child inherits.
  private static func pair() throws(ChildError) -> (own: Int32, its: Int32) {
    var ends: [Int32] = [-1, -1]
    #if os(Linux)
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw ChildError(
        "No socket could be opened for the shell that stops child programs: \(String(cString: strerror(errno))).")
    }
    #if !os(Linux)
      var on: Int32 = 1
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
    return (ends[0], ends[1])
  }

  private static func spawn(reading input: Int32) throws(ChildError) -> pid_t {
    #if os(Linux)
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #else
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    // The shell must not keep the user's pipe or terminal open.
    for output in [1, 2] as [Int32] { posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0) }
    #if os(Linux)
      // The value of POSIX_SPAWN_SETSID, which glibc declares only under _GNU_SOURCE.
      posix_spawnattr_setflags(&attributes, Int16(0x80))
    #else
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSID | POSIX_SPAWN_CLOEXEC_DEFAULT))
    #endif
    var arguments = ["sh", "-c", script, "guard", "\(variable)=\(mark)"].map(Self.copied) + [nil]
    var variables = ["PATH=/usr/bin:/bin"].map(Self.copied) + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, ChildProgram.shell, &actions, &attributes, &arguments, &variables)
    guard code == 0 else {
      throw ChildError("\(ChildProgram.shell) could not be started: \(String(cString: strerror(code))).")
    }
    return process
  }

  private static func copied(_ text: String) -> UnsafeMutablePointer<CChar>? { strdup(text) }

  private static func send(_ text: String, to socket: Int32) -> Bool {
    #if os(Linux)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { sendBytes(socket, $0.baseAddress, $0.count, flags) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Outside of the class, because the method `send` above hides the system call.
private func sendBytes(_ socket: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
  guard let bytes else { return 0 }
  return send(socket, bytes, count, flags)
}
