import Foundation

/// The processes of this machine, read from Linux's /proc.
public enum Processes {
  /// Whether a process with this id runs. A zombie does not count.
  public static func isAlive(_ process: pid_t) -> Bool {
    guard kill(process, 0) == 0 else { return false }
    return fields(of: process).map { $0[0] != "Z" && $0[0] != "X" } ?? true
  }

  /// Waits until none of the processes runs.
  ///
  /// - Returns: The processes that still run after `seconds`.
  public static func survivors(of processes: Set<pid_t>, after seconds: Double = 60) async throws -> Set<pid_t> {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline, processes.contains(where: isAlive) {
      try await Task.sleep(for: .milliseconds(20))
    }
    return processes.filter(isAlive)
  }

  /// Looks every 20 ms until a condition holds, and acts at once.
  ///
  /// Both happen on a thread of their own. A task of a busy test process may go on minutes late, and a program that a
  /// test has started does not wait for it.
  /// - Parameter seconds: how long the condition is awaited. The action follows in any case.
  public static func once(
    _ condition: @escaping @Sendable () -> Bool, within seconds: Double = 300, act: @escaping @Sendable () -> Void
  ) async {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline, !condition() { Thread.sleep(forTimeInterval: 0.02) }
        act()
        continuation.resume()
      }
    }
  }

  /// All descendants of a process.
  public static func descendants(of process: pid_t) -> Set<pid_t> {
    var children: [pid_t: [pid_t]] = [:]
    for one in all {
      if let parent = fields(of: one).flatMap({ $0.count > 1 ? pid_t($0[1]) : nil }) {
        children[parent, default: []].append(one)
      }
    }
    var found: Set<pid_t> = []
    var open = [process]
    while let next = open.popLast() {
      for child in children[next] ?? [] where found.insert(child).inserted { open.append(child) }
    }
    return found
  }

  /// The processes whose command line contains a text.
  public static func running(_ text: String) -> Set<pid_t> {
    Set(all.filter { commandLine(of: $0).contains(text) && isAlive($0) })
  }

  public static func commandLine(of process: pid_t) -> String {
    let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
    return String(decoding: data.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
  }

  private static var all: [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
  }

  /// State, parent, group, session and the other fields after the name. The name may contain any character.
  private static func fields(of process: pid_t) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.isEmpty ? nil : fields
  }
}
