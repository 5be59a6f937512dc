import Agents
import Foundation

/// Chrome's DevTools protocol: JSON messages, each followed by a zero byte.
actor DevTools {
  struct Failure: Error, CustomStringConvertible { let description: String }

  struct Event: Sendable {
    let name: String
    let content: JSONValue
  }

  private let send: @Sendable ([UInt8]) -> Void
  private var received: [UInt8] = []
  private var last = 0
  private var waiting: [Int: CheckedContinuation<JSONValue, any Error>] = [:]
  private var hasEnded = false
  /// All events so far, in order.
  private(set) var events: [Event] = []

  init(send: @escaping @Sendable ([UInt8]) -> Void) { self.send = send }

  /// Sends a command and waits for its answer. The wait ends with the browser or with the test.
  func call(_ method: String, _ parameters: [String: JSONValue] = [:], session: String? = nil) async throws -> JSONValue
  {
    last += 1
    let number = last
    var message: [String: JSONValue] = [
      "id": .integer(number), "method": .text(method), "params": .object(parameters),
    ]
    if let session { message["sessionId"] = .text(session) }
    let bytes = Array(JSONValue.object(message).json.utf8) + [0]
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard !hasEnded, !Task.isCancelled else {
          return continuation.resume(throwing: Failure(description: "\(method): the browser is gone"))
        }
        waiting[number] = continuation
        send(bytes)
      }
    } onCancel: {
      Task { await self.giveUp(number) }
    }
  }

  func receive(_ bytes: [UInt8]) {
    received += bytes
    while let end = received.firstIndex(of: 0) {
      let text = String(decoding: received[..<end], as: UTF8.self)
      received.removeSubrange(...end)
      if let message = JSONValue(parsing: text) { take(message) }
    }
  }

  func end() {
    hasEnded = true
    for number in waiting.keys { giveUp(number) }
  }

  private func take(_ message: JSONValue) {
    if let number = message["id"]?.integer {
      guard let continuation = waiting.removeValue(forKey: number) else { return }
      if let error = message["error"] {
        continuation.resume(throwing: Failure(description: error.json))
      } else {
        continuation.resume(returning: message["result"] ?? .null)
      }
    } else if case .text(let name)? = message["method"] {
      events.append(Event(name: name, content: message["params"] ?? .null))
    }
  }

  private func giveUp(_ number: Int) {
    waiting.removeValue(forKey: number)?.resume(
      throwing: Failure(description: "the browser is gone, or the test is over"))
  }
}
