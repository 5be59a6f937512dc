import AsyncHTTPClient
import Synchronization

/// The exchanges in flight, by client. A client is shut down only after its last exchange has ended.
///
/// Shutting a client down while a connection is returned to it traps, since its pool no longer contains the connection.
final class Flights: Sendable {
  static let shared = Flights()

  private struct Client {
    var next = 0
    /// The cancellation of each exchange; nil until it is attached.
    var cancels: [Int: (@Sendable () -> Void)?] = [:]
    var isClosing = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let clients = Mutex<[ObjectIdentifier: Client]>([:])

  /// Registers an exchange before it begins.
  ///
  /// - Returns: its number, or nil if the client is being shut down.
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

  /// Registers how to cancel an exchange. If its client is already being shut down, the exchange is cancelled at once.
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
      // The entry is removed, because another client may later have the same address.
      if !state.isClosing { $0[id] = nil } else { $0[id]?.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Stops a client from beginning exchanges, cancels those in flight, and waits for their end.
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

  /// Removes a client after its shutdown.
  func forget(_ client: HTTPClient) {
    clients.withLock { $0[ObjectIdentifier(client)] = nil }
  }
}
