import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A reward model behind vLLM's `POST /pooling`, or a server with the same protocol: one number for each text.
///
/// The server receives ``CriticState/text``. Its number, mapped to reward units, is taken as the return-to-go, expected
/// or soft.
/// A number that is null, not finite or missing is a missing value.
public struct PoolingCritic: Critic {
  /// The model, the map to reward units, and the size of requests.
  public struct Settings: Sendable, Hashable {
    /// The model's name at the server.
    public var model: String
    /// Texts in one request, at least 1.
    public var batch: Int
    /// The value is `scale` times the model's number plus `offset`, in reward units.
    public var scale: Double
    /// Added after scaling, in reward units.
    public var offset: Double
    /// Retries, timeouts and concurrency.
    public var rules: CallRules

    /// - Parameters:
    ///   - model: the model's name at the server.
    ///   - batch: texts in one request, at least 1.
    public init(
      model: String, batch: Int = 32, scale: Double = 1, offset: Double = 0,
      rules: CallRules = CallRules(concurrency: 4, section: "critic")
    ) {
      self.model = model
      self.batch = batch
      self.scale = scale
      self.offset = offset
      self.rules = rules
    }
  }

  /// The settings as given; model, scale and offset are part of the identity.
  public let settings: Settings
  private let endpoint: ModelEndpoint
  private let ended: (@Sendable () async -> PolicyError?)?
  private let counter = ValueCounter()

  /// - Parameters:
  ///   - url: the base URL that `/pooling` follows; vLLM has it at the root, without `/v1`.
  ///   - key: the API key, or nil. It is sent as a header and appears nowhere else.
  ///   - client: see ``withHTTPClient(connections:for:_:)``; nil for one with at most eight connections to a host.
  ///   - ended: why the run has ended, or nil while it goes on. Called before each request and
  ///     between retries.
  public init(
    url: String, key: String? = nil, settings: Settings, client: HTTPClient? = nil,
    ended: (@Sendable () async -> PolicyError?)? = nil
  ) {
    self.init(ServerAccess(url: url, key: key), settings: settings, client: client, ended: ended)
  }

  /// - Parameter access: the server, its headers and its query.
  public init(
    _ access: ServerAccess, settings: Settings, client: HTTPClient? = nil,
    ended: (@Sendable () async -> PolicyError?)? = nil
  ) {
    precondition(settings.batch >= 1, "a batch holds at least one text")
    self.settings = settings
    self.ended = ended
    endpoint = ModelEndpoint(
      HTTPTransport(client: client, access: access, rules: settings.rules), rules: settings.rules)
  }

  /// The model and the map to reward units.
  public var identity: String {
    let isMapped = settings.scale != 1 || settings.offset != 0
    return "pooling, \(settings.model)" + (isMapped ? ", × \(settings.scale) + \(settings.offset)" : "")
  }

  /// The number of values requested so far, and how many were missing.
  public var counts: ValueCounts { counter.current }

  public func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    let distinct = DistinctStates(states)
    let texts = distinct.texts
    let starts = Array(stride(from: 0, to: texts.count, by: settings.batch))
    let batches = await withTaskGroup(of: Batch.self, returning: [Batch].self) { group in
      for start in starts {
        let batch = Array(texts[start..<min(start + settings.batch, texts.count)])
        group.addTask {
          do throws(CriticError) {
            return Batch(start: start, numbers: try await numbers(of: batch), failure: nil)
          } catch {
            return Batch(start: start, numbers: [], failure: error)
          }
        }
      }
      var batches: [Batch] = []
      for await batch in group { batches.append(batch) }
      return batches.sorted { $0.start < $1.start }
    }
    var values: [ReturnDistribution?] = []
    for batch in batches {
      if let failure = batch.failure { throw failure }
      for number in batch.numbers { values.append(value(number)) }
    }
    counter.note(values)
    return distinct.spread(values)
  }

  private struct Batch: Sendable {
    let start: Int
    let numbers: [Double?]
    let failure: CriticError?
  }

  private func value(_ number: Double?) -> ReturnDistribution? {
    guard let number else { return nil }
    let value = settings.scale * number + settings.offset
    return value.isFinite ? .point(value) : nil
  }

  /// The model's numbers, in the order of the texts. If a text is too long for the model, the rest of its batch is
  /// requested again without it.
  private func numbers(of texts: [String]) async throws(CriticError) -> [Double?] {
    let answer: Result<[Double?], CriticError>?
    do throws(PolicyError) { answer = try await ask(texts) } catch {
      guard error.concernsOneCall else { throw CriticError(error) }
      answer = nil
    }
    if let answer { return try answer.get() }
    guard texts.count > 1 else { return [nil] }
    let middle = texts.count / 2
    let first = try await numbers(of: Array(texts[..<middle]))
    return first + (try await numbers(of: Array(texts[middle...])))
  }

  /// Sends one request. An answer of the wrong shape is not retried: the server would send the same again.
  private func ask(_ texts: [String]) async throws(PolicyError) -> Result<[Double?], CriticError> {
    let body: Data
    do { body = try JSONEncoder().encode(PoolingRequest(model: settings.model, input: texts)) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
    let transport = endpoint.transport
    return try await endpoint.call(
      "/pooling", body, name: "pooling of \(texts.count)", seed: Seed(0).split(texts[0]), ended: ended
    ) { (answer: Data) throws(PolicyError) -> Result<[Double?], CriticError> in
      let said = transport.excerpt(answer).clipped(to: 300)
      guard let answer = PoolingAnswer(answer) else {
        throw PolicyError(.malformedAnswer, "\(transport.base)/pooling sent no JSON: \(said)")
      }
      do throws(PoolingAnswer.Problem) { return .success(try answer.numbers(for: texts.count)) } catch {
        return .failure(
          CriticError(
            .failed,
            """
            \(transport.base)/pooling did not give one value for each text: \(error.message). It sent: \(said). Serve \
            a model with one output for a text, and with a pooling that reads it once, such as vLLM's LAST.
            """))
      }
    }.value
  }
}

private struct PoolingRequest: Encodable {
  let model: String
  let input: [String]
}
