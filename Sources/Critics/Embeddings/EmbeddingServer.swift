import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A model behind `POST /v1/embeddings`, as OpenAI, vLLM, llama.cpp and others serve it.
public struct EmbeddingServer: Embedder {
  /// The model and the size of requests.
  public struct Settings: Sendable, Hashable {
    /// The model's name at the server.
    public var model: String
    /// Texts in one request, at least 1.
    public var batch: Int
    /// The most characters of a text that are sent, since models refuse longer texts than they read.
    public var longest: Int
    /// Retries, timeouts and concurrency.
    public var rules: CallRules

    /// - Parameter model: the model's name at the server.
    public init(
      model: String, batch: Int = 32, longest: Int = 2_000,
      rules: CallRules = CallRules(concurrency: 4, section: "critic.embeddings")
    ) {
      self.model = model
      self.batch = batch
      self.longest = longest
      self.rules = rules
    }
  }

  /// The settings as given.
  public let settings: Settings
  private let endpoint: ModelEndpoint
  private let ended: (@Sendable () async -> PolicyError?)?

  /// - Parameters:
  ///   - access: the server, its headers and its query.
  ///   - client: see ``withHTTPClient(connections:for:_:)``; nil for one with at most eight connections to a host.
  ///   - ended: why the run has ended, or nil while it goes on.
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

  public var identity: String { "embeddings, \(settings.model), \(settings.longest) characters" }

  public func vectors(of texts: [String]) async throws(CriticError) -> [[Float]] {
    let starts = Array(stride(from: 0, to: texts.count, by: settings.batch))
    let batches = await withTaskGroup(of: (start: Int, result: Result<[[Float]], CriticError>).self) { group in
      for start in starts {
        let batch = texts[start..<min(start + settings.batch, texts.count)].map(sent)
        group.addTask {
          do throws(CriticError) { return (start, .success(try await ask(batch))) } catch {
            return (start, .failure(error))
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var vectors: [[Float]] = []
    for batch in batches.sorted(by: { $0.start < $1.start }) { vectors += try batch.result.get() }
    return vectors
  }

  /// The end of a long text, where the newest is. Servers refuse empty texts.
  private func sent(_ text: String) -> String {
    text.allSatisfy(\.isWhitespace) ? "(nothing)" : String(text.suffix(settings.longest))
  }

  private struct Request: Encodable {
    let model: String
    let input: [String]
  }

  private struct Answer: Decodable {
    struct Item: Decodable {
      let index: Int?
      let embedding: [Float]
    }

    let data: [Item]
  }

  private func ask(_ texts: [String]) async throws(CriticError) -> [[Float]] {
    do throws(PolicyError) {
      let body = try WireJSON.body(Request(model: settings.model, input: texts))
      let transport = endpoint.transport
      return try await endpoint.call(
        "/embeddings", body, name: "embeddings of \(texts.count)", seed: Seed(0).split(texts[0]), ended: ended
      ) { (answer: Data) throws(PolicyError) -> [[Float]] in
        guard let items = try? OutsideJSON.decode(Answer.self, from: answer).data, items.count == texts.count else {
          throw PolicyError(
            .malformedAnswer,
            "\(transport.base)/embeddings did not send one vector for each text: \(transport.excerpt(answer).clipped(to: 300))"
          )
        }
        // Servers may answer in any order; the index says which text a vector belongs to.
        return items.enumerated().sorted { ($0.element.index ?? $0.offset) < ($1.element.index ?? $1.offset) }
          .map(\.element.embedding)
      }.value
    } catch {
      throw CriticError(error)
    }
  }
}
