import Agents

/// What a store has of the tasks that are worked on, read once for each task of a run: a query for every step of a resumed
/// run would take most of its time. What was asked for once is kept no longer.
actor StoredShelf<Record: Sendable> {
  private struct Name: Hashable {
    let run: String
    let task: TaskID
  }

  private struct Place: Hashable {
    let particle: Int
    let step: Int

    init(_ key: CallKey) { (particle, step) = (key.particle, key.step) }
  }

  private struct Group {
    /// nil once it has ended, so that nothing else holds what was read.
    var loading: Task<Result<[Place: Record], StoreError>, Never>?
    /// What was read and not asked for yet.
    var records: [Place: Record] = [:]
    /// What is in the store alone: it was asked for, or written since.
    var stored: Set<Place> = []
    var used: Int
  }

  /// The most tasks at a time. What was put away is read again when it is asked for.
  private static var most: Int { 256 }

  private let key: @Sendable (Record) -> CallKey
  private let read: @Sendable (_ run: String, _ task: TaskID) async throws(StoreError) -> [Record]
  private let readOne: @Sendable (CallKey) async throws(StoreError) -> Record?
  private var groups: [Name: Group] = [:]
  private var uses = 0

  /// - Parameters:
  ///   - read: reads all records of a task of a run.
  ///   - readOne: reads the record at a place.
  init(
    key: @escaping @Sendable (Record) -> CallKey,
    read: @escaping @Sendable (_ run: String, _ task: TaskID) async throws(StoreError) -> [Record],
    readOne: @escaping @Sendable (CallKey) async throws(StoreError) -> Record?
  ) {
    (self.key, self.read, self.readOne) = (key, read, readOne)
  }

  /// The record at a place; nil if there is none.
  func record(at place: CallKey) async throws(StoreError) -> Record? {
    let name = Name(run: place.run, task: place.task)
    let own = Place(place)
    uses += 1
    if groups[name] == nil {
      groups[name] = Group(loading: loading(name), used: uses)
      putAwayOldest()
    }
    groups[name]?.used = uses
    // Again, if it was put away and read anew meanwhile.
    while let loading = groups[name]?.loading {
      let result = await loading.value
      guard groups[name]?.loading == loading else { continue }
      do throws(StoreError) {
        groups[name]?.records = try result.get()
        groups[name]?.loading = nil
      } catch {
        groups[name] = nil
        throw error
      }
    }
    guard groups[name]?.stored.contains(own) == false else { return try await readOne(place) }
    guard let record = groups[name]?.records.removeValue(forKey: own) else { return nil }
    groups[name]?.stored.insert(own)
    return record
  }

  private func loading(_ name: Name) -> Task<Result<[Place: Record], StoreError>, Never> {
    Task { [key, read] in
      do throws(StoreError) {
        return .success(Dictionary(try await read(name.run, name.task).map { (Place(key($0)), $0) }) { $1 })
      } catch {
        return .failure(error)
      }
    }
  }

  /// A record was written.
  func note(_ record: Record) {
    let key = key(record)
    groups[Name(run: key.run, task: key.task)]?.stored.insert(Place(key))
  }

  private func putAwayOldest() {
    guard groups.count > Self.most, let oldest = groups.min(by: { $0.value.used < $1.value.used }) else { return }
    groups[oldest.key] = nil
  }
}
