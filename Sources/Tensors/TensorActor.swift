import Dispatch
import Foundation

/// The one thread on which tensors are built and evaluated, since MLX keeps its streams per thread. Code outside this
/// actor needs `await` to call it. Building and evaluating are not interrupted, since none of this actor's code is
/// asynchronous.
@globalActor
package actor TensorActor {
  package static let shared = TensorActor()

  private let executor = TensorThread()

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
}

/// A thread that runs its jobs in order for as long as the process lives.
private final class TensorThread: SerialExecutor, @unchecked Sendable {
  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []

  init() {
    let thread = Thread { [self] in run() }
    thread.name = "tensors"
    // Deep models need a large stack, since their graphs are walked recursively.
    thread.stackSize = 64 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  private func run() {
    let executor = asUnownedSerialExecutor()
    while true {
      condition.lock()
      while jobs.isEmpty { condition.wait() }
      let batch = jobs
      jobs.removeAll(keepingCapacity: true)
      condition.unlock()
      for job in batch { job.runSynchronously(on: executor) }
    }
  }
}
