/// A place in a rule, and where the rule was called.
struct Item: Hashable, Sendable {
  /// The number of the whole text's caller: there is none.
  static let root: Int32 = -1

  let state: Int32
  /// The number of the set of callers, or ``root``.
  let origin: Int32
  /// The rule whose end is waited for there.
  let rule: Int32
}

/// The calls that were made between two bytes: which places continue when a rule ends that began there.
///
/// Callers were called from somewhere, too: the sets form the stack of calls, shared where stacks have the same bottom.
/// Equal sets have equal digests.
final class Callers: @unchecked Sendable {
  struct Waiting: Hashable {
    /// The rule that was called.
    let callee: Int32
    /// The place after the call.
    let item: Item
  }

  /// The number of this very set in its own items.
  static let own: Int32 = -2

  private let waiting: [Int32: [Item]]
  // Written while no one else can refer to the set alone.
  private(set) var origins: [Callers]
  let digest: Digest128

  init(_ waiting: [Waiting], _ origins: [Callers]) {
    self.waiting = Dictionary(grouping: waiting, by: \.callee).mapValues { $0.map(\.item) }
    self.origins = origins
    var digest = Digest128()
    for each in waiting {
      digest.add(Digest128(UInt64(UInt32(bitPattern: each.callee)), each.item.digest(origins)))
    }
    self.digest = Digest128(1, digest)
  }

  subscript(callee: Int32) -> [Item] { waiting[callee] ?? [] }

  /// Releases a long chain one by one. Each would release the next within its own end, and the stack is finite.
  deinit {
    var pending = origins
    origins = []
    while var next = pending.popLast() {
      guard isKnownUniquelyReferenced(&next) else { continue }
      pending += next.origins
      next.origins = []
    }
  }
}

/// Everything that was read so far, as far as it matters: the places at which bytes are read next.
final class ItemSet: Sendable {
  let items: [Item]
  let origins: [Callers]
  let isComplete: Bool
  let digest: Digest128

  init(_ items: [Item], _ origins: [Callers], isComplete: Bool) {
    (self.items, self.origins, self.isComplete) = (items, origins, isComplete)
    var digest = Digest128()
    for item in items { digest.add(item.digest(origins)) }
    self.digest = Digest128(isComplete ? 3 : 2, digest)
  }
}

extension Item {
  fileprivate func digest(_ origins: [Callers]) -> Digest128 {
    let place = UInt64(UInt32(bitPattern: state)) << 32 | UInt64(UInt32(bitPattern: rule))
    return origin >= 0
      ? Digest128(place, origins[Int(origin)].digest) : Digest128(place, UInt64(UInt32(bitPattern: origin)))
  }
}
