#if OpenWeights
  import Dispatch
  import Foundation

  /// The one thread on which tensors are built and evaluated: MLX keeps its streams per thread. What is isolated to this actor
  /// cannot be called from elsewhere without `await`, and cannot be interrupted between building and evaluating, since none of
  /// it is asynchronous.
  @globalActor
  package actor TensorActor {
    package static let shared = TensorActor()

    private let executor = TensorThread()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  }

  /// A thread that runs what it is given, in order, for as long as the process lives.
  private final class TensorThread: SerialExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []

    init() {
      let thread = Thread { [self] in run() }
      thread.name = "tensors"
      // Graphs of deep models are walked recursively.
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
#endif
