import Agents
import Foundation
import Synchronization
import Workbench

/// Progress of work counted in steps: one line that is redrawn on a terminal, or occasional plain lines otherwise.
final class StepMeter: StepProgress {
  private let title: String
  private let total: Int
  private let unit: String
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private let drawn = Mutex(ContinuousClock.Instant?.none)

  init(_ title: String, of total: Int, unit: String, quiet: Bool) {
    self.title = title
    self.total = total
    self.unit = unit
    isQuiet = quiet || total == 0
  }

  func update(_ done: Int, _ more: String) {
    guard !isQuiet else { return }
    let now = ContinuousClock.now
    let pause: Duration = Console.errorIsTerminal ? .milliseconds(100) : .seconds(10)
    let isDue = drawn.withLock { drawn in
      guard done >= total || drawn.map({ now - $0 >= pause }) ?? true else { return false }
      drawn = now
      return true
    }
    guard isDue else { return }
    let seconds = (now - start).inSeconds
    let left = done > 0 && done < total ? Int(seconds / Double(done) * Double(total - done)) : nil
    let line =
      "\(title) \(done)/\(total) \(unit)" + (more.isEmpty ? "" : "  \(more)")
      + (left.map { "  \($0 / 60):\($0 % 60 < 10 ? "0" : "")\($0 % 60) left" } ?? "")
    if Console.errorIsTerminal { Console.redraw(line) } else { Console.note(line) }
  }

  func end() {
    let isDrawn = drawn.withLock { $0 != nil }
    if isDrawn, Console.errorIsTerminal { Console.endLine() }
  }
}
