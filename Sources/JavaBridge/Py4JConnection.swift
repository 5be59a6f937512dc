import NIOCore
import NIOPosix

/// A connection to a Py4J gateway on loopback.
///
/// The gateway handles one connection in one thread, so calls run one after another in their order. Each call is sent
/// when the previous one is answered. The gateway's TCP stack delays an answer until the previous one is acknowledged.
/// The next call carries that acknowledgement at once; without it a timer of 40 ms would expire first.
package struct Py4JConnection: Sendable {
  package struct Limits: Sendable, Hashable {
    /// The most time from when a call is first in line to its answer.
    package var deadline: Duration
    /// The longest answer, in bytes.
    package var answer: Int

    package init(deadline: Duration, answer: Int) {
      self.deadline = deadline
      self.answer = answer
    }
  }

  private let channel: any Channel

  /// - Throws: ``Py4JFailure`` of kind `lost`.
  package static func open(port: Int, limits: Limits) async throws(Py4JFailure) -> Py4JConnection {
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.socketOption(.tcp_nodelay), value: 1)
        .connectTimeout(.seconds(10))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Py4JHandler(limits: limits))
          }
        }
        .connect(host: "127.0.0.1", port: port).get()
      return Py4JConnection(channel: channel)
    } catch {
      throw Py4JFailure(.lost, "no connection to port \(port): \(error)")
    }
  }

  /// Makes consecutive calls, with no others between them, and waits for all answers.
  ///
  /// - Parameter context: the context of the calls; nil if it does not matter.
  /// - Throws: ``Py4JFailure`` of the first call without an answer.
  package func answers(to calls: [Py4JCall], in context: Py4JContext? = nil) async throws(Py4JFailure) -> [Py4JAnswer] {
    guard !calls.isEmpty else { return [] }
    let promise = channel.eventLoop.makePromise(of: [String].self)
    let batch = Py4JBatch(context: context, calls: calls.map { ByteBuffer(string: $0.text) }, promise: promise)
    // The write fails if the channel is closed and no handler can take the batch.
    channel.writeAndFlush(batch).whenFailure { promise.fail(Py4JFailure(.lost, "\($0)")) }
    let lines: [String]
    do {
      lines = try await promise.futureResult.get()
    } catch {
      throw error as? Py4JFailure ?? Py4JFailure(.lost, "\(error)")
    }
    var answers: [Py4JAnswer] = []
    for line in lines {
      do throws(Py4JFailure) {
        answers.append(try Py4JAnswer(line: line))
      } catch {
        if error.kind == .malformed { close() }
        throw error
      }
    }
    return answers
  }

  /// The answer to one call.
  package func answer(to call: Py4JCall, in context: Py4JContext? = nil) async throws(Py4JFailure) -> Py4JAnswer {
    guard let answer = try await answers(to: [call], in: context).first else { throw Py4JFailure(.lost, "no answer") }
    return answer
  }

  package func close() { channel.close(promise: nil) }

  /// Waits until either side has closed the connection.
  package func waitUntilClosed() async {
    try? await channel.closeFuture.get()
  }
}

/// State on the other side that must be set before calls. It is set again only if the context has changed.
package struct Py4JContext: Sendable {
  /// Identifies the context within a connection. Empty if the resulting state is unknown.
  let name: String
  /// The calls that set the state. Their answers are ignored.
  let entry: [ByteBuffer]

  package init(name: String, entry: [Py4JCall]) {
    self.name = name
    self.entry = entry.map { ByteBuffer(string: $0.text) }
  }

  /// The context of calls that change the state in unknown ways. The next call sets its own context again.
  package static let unknown = Py4JContext(name: "", entry: [])
}

/// Calls made together, with the promise of their answers.
struct Py4JBatch: Sendable {
  let context: Py4JContext?
  /// At least one.
  let calls: [ByteBuffer]
  let promise: EventLoopPromise<[String]>
}
