import Foundation
import TestSupport

/// A chat server that fills order forms. It draws each answer from the choices in the request's JSON schema, using the
/// request's seed. The same question with the same seed always has the same answer.
enum OrderServer {
  /// The response to a request, with `n` answers if the request asks for several.
  static func answer(_ request: TestServer.Request) -> TestServer.Reply {
    let json = request.json
    let count = json["n"] as? Int ?? 1
    let seed = UInt64(json["seed"] as? Int ?? 0)
    let choices = choices(json)
    let answers = (0..<count).map { index in
      let pick = choices.isEmpty ? "?" : choices[Int(mixed(seed &+ UInt64(index) &* 7_919) % UInt64(choices.count))]
      return #"{"index":\#(index),"message":{"role":"assistant","content":"{\"choice\":\"\#(pick)\"}"}}"#
    }
    return .answer(
      200,
      #"{"choices":[\#(answers.joined(separator: ","))],"usage":{"prompt_tokens":40,"completion_tokens":\#(3 * count),"prompt_tokens_details":{"cached_tokens":8}}}"#
    )
  }

  static func choices(_ json: [String: Any]) -> [String] {
    let format = json["response_format"] as? [String: Any]
    let schema = (format?["json_schema"] as? [String: Any])?["schema"] as? [String: Any]
    let choice = (schema?["properties"] as? [String: Any])?["choice"] as? [String: Any]
    return choice?["enum"] as? [String] ?? []
  }

  /// The finaliser of SplitMix64.
  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  static func configuration(_ url: String, tasks: Int, policy: String = "", steering: String = "") -> String {
    """
    environment: { kind: orders, tasks: { train: "300..<340", test: "0..<\(tasks)" } }
    policy: { kind: openai, url: "\(url)", model: m, format: plain, maxTokens: 8\(policy.isEmpty ? "" : ", " + policy) }
    steering: { particles: 8, answer: sample\(steering.isEmpty ? "" : ", " + steering) }
    """
  }
}
