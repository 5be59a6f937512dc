import AsyncHTTPClient
import Synchronization

/// The exchanges in flight, by client, so that a client is shut down when its last one has ended.
///
/// A client that is shut down while a connection is given back traps: its pool no longer knows the connection.
final class Flights: Sendable {
  static let shared = Flights()

  private struct Client {
    var next = 0
    /// What ends each early, as soon as that is known.
    var cancels: [Int: (@Sendable () -> Void)?] = [:]
    var isClosing = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let clients = Mutex<[ObjectIdentifier: Client]>([:])

  /// Notes an exchange that is about to begin.
  ///
  /// - Returns: its number, or nil where the client is being shut down.
  func begin(_ client: HTTPClient) -> Int? {
    clients.withLock {
      var state = $0[ObjectIdentifier(client)] ?? Client()
      guard !state.isClosing else { return nil }
      state.next += 1
      state.cancels.updateValue(nil, forKey: state.next)
      $0[ObjectIdentifier(client)] = state
      return state.next
    }
  }

  /// Says how an exchange is ended early; at once where its client is being shut down meanwhile.
  func attach(_ number: Int, of client: HTTPClient, cancel: @escaping @Sendable () -> Void) {
    let isClosing = clients.withLock {
      $0[ObjectIdentifier(client)]?.cancels.updateValue(cancel, forKey: number)
      return $0[ObjectIdentifier(client)]?.isClosing == true
    }
    if isClosing { cancel() }
  }

  func end(_ number: Int, of client: HTTPClient) {
    let waiting: [CheckedContinuation<Void, Never>] = clients.withLock {
      let id = ObjectIdentifier(client)
      $0[id]?.cancels.removeValue(forKey: number)
      guard let state = $0[id], state.cancels.isEmpty else { return [] }
      // Another client may have this one's address later.
      if !state.isClosing { $0[id] = nil } else { $0[id]?.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Lets a client begin no more, cancels what it has in flight, and waits for the end of that.
  func close(_ client: HTTPClient) async {
    await withCheckedContinuation { continuation in
      let (isIdle, cancels) = clients.withLock {
        var state = $0[ObjectIdentifier(client)] ?? Client()
        state.isClosing = true
        if !state.cancels.isEmpty { state.waiting.append(continuation) }
        $0[ObjectIdentifier(client)] = state
        return (state.cancels.isEmpty, state.cancels.values.compactMap(\.self))
      }
      if isIdle { return continuation.resume() }
      for cancel in cancels { cancel() }
    }
  }

  /// Forgets a client that is shut down.
  func forget(_ client: HTTPClient) {
    clients.withLock { $0[ObjectIdentifier(client)] = nil }
  }
}
