import Agents
import Foundation
import ModelServers

/// A policy whose server also answers what is no step of an agent, such as embeddings.
package protocol ForwardingPolicy: Policy {
  /// Sends a body as it is and returns the answer.
  func forward(_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON
}

extension ModelEndpoint {
  func forward(_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON {
    let transport = transport
    return try await call(path, Data(body.json.utf8), name: path, seed: Seed(0).split(path), ended: nil) {
      (data: Data) throws(PolicyError) -> OrderedJSON in
      guard let json = OrderedJSON(parsing: String(decoding: data, as: UTF8.self)) else {
        throw PolicyError(.malformedAnswer, "\(transport.base) sent no JSON: \(transport.excerpt(data))")
      }
      return json
    }.value
  }
}
