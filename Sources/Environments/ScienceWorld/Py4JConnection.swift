import NIOCore
import NIOPosix

/// A connection to a Py4J gateway on loopback.
///
/// The gateway works on one connection in one thread, so calls are carried out one after another in the order they were made.
/// Each is sent when the one before it is answered: the gateway's system holds an answer back until the one before it is
/// acknowledged, which a call that follows does at once, and nothing but a timer of 40 ms does otherwise.
struct Py4JConnection: Sendable {
  struct Limits: Sendable, Hashable {
    /// From the moment a call is the first in line to its answer.
    var deadline: Duration
    /// The longest answer, in bytes.
    var answer: Int
  }

  private let channel: any Channel

  /// - Throws: ``Py4JFailure`` of kind `lost`.
  static func open(port: Int, limits: Limits) async throws(Py4JFailure) -> Py4JConnection {
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

  /// Makes calls one after another, no others between them, and waits for all their answers.
  ///
  /// - Parameter context: where they are made; nil where that makes no difference.
  /// - Throws: ``Py4JFailure``, of the first call that has no answer.
  func answers(to calls: [Py4JCall], in context: Py4JContext? = nil) async throws(Py4JFailure) -> [Py4JAnswer] {
    guard !calls.isEmpty else { return [] }
    let promise = channel.eventLoop.makePromise(of: [String].self)
    let batch = Py4JBatch(context: context, calls: calls.map { ByteBuffer(string: $0.text) }, promise: promise)
    // Fails where the channel is closed and nobody takes the batch any more.
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
  func answer(to call: Py4JCall, in context: Py4JContext? = nil) async throws(Py4JFailure) -> Py4JAnswer {
    guard let answer = try await answers(to: [call], in: context).first else { throw Py4JFailure(.lost, "no answer") }
    return answer
  }

  func close() { channel.close(promise: nil) }

  /// Returns once the connection is closed, by whichever side.
  func waitUntilClosed() async {
    try? await channel.closeFuture.get()
  }
}

/// What calls find on the other side: state that is set before them, unless they follow calls of the same context.
struct Py4JContext: Sendable {
  /// Equal for the same context, and no two of one connection share it. Empty where the state is anybody's.
  let name: String
  /// The calls that set the state. Their answers hold nothing.
  let entry: [ByteBuffer]

  init(name: String, entry: [Py4JCall]) {
    self.name = name
    self.entry = entry.map { ByteBuffer(string: $0.text) }
  }

  /// That of calls that change the state: whatever comes afterwards sets its own.
  static let unknown = Py4JContext(name: "", entry: [])
}

/// Calls made together, and where their answers go.
struct Py4JBatch: Sendable {
  let context: Py4JContext?
  /// At least one.
  let calls: [ByteBuffer]
  let promise: EventLoopPromise<[String]>
}
