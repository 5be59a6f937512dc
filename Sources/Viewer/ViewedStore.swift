import Agents
import Foundation
import RolloutStore
import Steering

/// The store as the page shows it: follows the file, keeps sums by task, and tells readers what changes.
actor ViewedStore {
  private let follower: StoreFollower
  private(set) var runs: [String: RunSums] = [:]
  /// The ids of the runs, the newest first.
  private(set) var order: [String] = []
  /// Whether something was written since the sums were computed.
  private var isStale = true
  /// The sums are not computed again before, so that they take a small share of the time on large stores.
  private var notBefore = ContinuousClock.now
  private var refreshing: Task<Void, Never>?
  /// Grows with every change that readers are told of.
  private(set) var version = 0
  private var readers: [Int: AsyncStream<String>.Continuation] = [:]
  private var lastReader = 0
  /// The file that the sums are of.
  private var file: ObjectIdentifier?
  private var told: [String: RunDocument] = [:]
  private var toldState = ""

  init(_ path: String) { follower = StoreFollower(path) }

  var path: String { follower.path }

  /// The store, to read from; nil if there is none.
  var open: (store: RolloutStore, searching: RolloutStore)? {
    get async {
      if case .open(let store, let searching) = await follower.state { (store, searching) } else { nil }
    }
  }

  /// - Throws: ``ViewerProblem`` that says what is wrong, if there is nothing to read.
  func opened() async throws -> (store: RolloutStore, searching: RolloutStore) {
    switch await follower.state {
    case .open(let store, let searching): return (store, searching)
    case .unreadable(let error): throw error
    case .missing: throw ViewerProblem(status: 503, message: "There is no store \(path) yet.")
    }
  }

  // MARK: - Following

  /// Looks four times a second until it is cancelled.
  func watch() async {
    var silence = 0
    while !Task.isCancelled {
      await look()
      if isStale, !readers.isEmpty, ContinuousClock.now >= notBefore { await refresh() }
      silence += 1
      if silence >= 60 {
        // A connection that says nothing is taken for a lost one. A run whose process was killed says nothing, either.
        silence = 0
        isStale = true
        for reader in readers.values { reader.yield(": still here\n\n") }
      }
      try? await Task.sleep(for: .milliseconds(250))
    }
    for reader in readers.values { reader.finish() }
    readers = [:]
  }

  /// Closes the store.
  func end() async {
    runs = [:]
    await follower.end()
  }

  func look() async {
    guard await follower.look() else { return }
    isStale = true
    // Nothing is to be read, or another file.
    if case .open(_, let store) = await follower.state, file == ObjectIdentifier(store) { return }
    notBefore = .now
  }

  /// Computes the sums anew if something was written. Callers at the same time share the work.
  func refresh() async {
    if let refreshing { return await refreshing.value }
    guard isStale else { return }
    isStale = false
    let task = Task { await self.compute() }
    refreshing = task
    await task.value
    refreshing = nil
  }

  /// Sums for a reader who asks now: those of before, if new ones are not due yet.
  func refreshIfDue() async {
    if file == nil || ContinuousClock.now >= notBefore { await refresh() }
  }

  private func compute() async {
    let start = ContinuousClock.now
    defer { notBefore = .now + max((ContinuousClock.now - start) * 9, .milliseconds(200)) }
    guard let (_, store) = await open else {
      (runs, order, file) = ([:], [], nil)
      await tell()
      return
    }
    if file != ObjectIdentifier(store) { (runs, file) = ([:], ObjectIdentifier(store)) }
    do throws(StoreError) {
      let recorded = try await store.recordedRuns()
      let marks = try await store.trajectoryMarks()
      let progress = try await store.progress()
      order = recorded.map(\.record.id)
      for run in recorded {
        var sums = runs[run.record.id] ?? RunSums(run)
        try await sums.refresh(marks[run.record.id], from: store)
        sums.figures = progress.first { $0.run == run.record.id }.flatMap { RunSums.Figures($0.figures, $0.updatedAt) }
        runs[run.record.id] = sums
      }
      runs = runs.filter { order.contains($0.key) }
    } catch {
      // The file may have been replaced while it was read: the next look finds out.
      isStale = true
    }
    await tell()
  }

  // MARK: - Readers

  /// The whole state now, and then what changes.
  func changes() async -> AsyncStream<String> {
    await refreshIfDue()
    let (changes, reader) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(64))
    lastReader += 1
    let number = lastReader
    readers[number] = reader
    reader.onTermination = { _ in Task { await self.leave(number) } }
    reader.yield(Self.event("state", await stateDocument()))
    return changes
  }

  private func leave(_ number: Int) { readers[number] = nil }

  private func tell() async {
    let state = await stateDocument()
    let documents = Dictionary(state.runs.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    let changed = state.runs.filter { told[$0.id] != $0 }
    let stateText = "\(state.state) \(state.message ?? "") \(order.joined(separator: " "))"
    let tasks = changed.map { ChangeDocument.Tasks(run: $0.id, tasks: Array((runs[$0.id]?.changed ?? []).prefix(200))) }
    guard !changed.isEmpty || stateText != toldState else { return }
    (told, toldState) = (documents, stateText)
    version += 1
    let change = ChangeDocument(
      version: version, state: state.state, message: state.message, order: order, runs: changed, tasks: tasks)
    for reader in readers.values { reader.yield(Self.event("change", change)) }
  }

  private static func event(_ name: String, _ value: some Encodable) -> String {
    let json = (try? ViewerJSON.data(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    return "event: \(name)\ndata: \(json)\n\n"
  }

  func stateDocument() async -> StateDocument {
    let (state, message): (String, String?) =
      switch await follower.state {
      case .missing: ("missing", nil)
      case .unreadable(let error): ("unreadable", error.message)
      case .open: ("open", nil)
      }
    return StateDocument(
      version: version, store: path, state: state, message: message,
      runs: state == "open" ? order.compactMap { runs[$0] }.map { RunDocument($0) } : [])
  }
}

/// JSON of the page's requests.
enum ViewerJSON {
  static func data(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "∞", negativeInfinity: "−∞", nan: "–")
    return try encoder.encode(value)
  }
}
