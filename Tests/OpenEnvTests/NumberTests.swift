import Agents
import Foundation
import Testing

@testable import OpenEnv

@Suite("Numbers of any length pass through a session")
struct NumberTests {
  private static let long = "340282366920938463463374607431768211457"
  private static let decimal = "0.1000000000000000055511151231257827"

  @Test func observationsActionsAndParametersKeepTheirDigits() async throws {
    let (long, decimal) = (Self.long, Self.decimal)
    var manners = SocketDouble.Manners()
    manners.pages["/schema"] = (
      200,
      """
      {"action": {"properties": {"n": {"type": "integer"}, "p": {"type": "number"}, "key": {"type": "integer"}},
       "required": ["n", "p", "key"]}, "observation": {}, "state": {}}
      """
    )
    manners.reply = { message in
      guard message.type != "close" else { return [.close(1000, "")] }
      let observation = #"{"state":[\#(long),{"inc":-\#(long)}],"p":\#(decimal),"n":1.0}"#
      return [
        .text(#"{"type":"observation","data":{"observation":\#(observation),"reward":\#(decimal),"done":false}}"#)
      ]
    }
    let key = try #require(JSONValue(parsing: long + "0"))
    try await SocketDouble.with(manners) { server in
      let world = try await OpenEnv(
        .init(urls: [server.url], reset: ["start": key], action: ["key": key]), splits: TaskSplits([.train: [0]]))
      var (episode, opening) = try await world.begin(try world.task("seed-0"))
      #expect(opening.text.contains(#"[\#(long),{"inc":-\#(long)}]"#) && opening.text.contains("p: \(decimal)"))
      #expect(opening.text.contains("n: 1.0"))
      let outcome = try await episode.step(.act(#"{"n": \#(long), "p": \#(decimal)}"#))
      #expect(outcome.reward == 0.1)
      await episode.close()
      await world.close()
      #expect(server.log.texts.contains { $0.contains(#""start":\#(long)0"#) })
      #expect(server.log.texts.contains { $0.contains(#""key":\#(long)0,"n":\#(long),"p":\#(decimal)"#) })
      #expect(world.identity.rules.contains("\(long)0"))
    }
  }

  @Test func wordsAreReadAsTheNumbersTheyWrite() throws {
    let long = Self.long
    let whole = try ActionFormTests.form(#"{"properties": {"id": {"type": "integer"}}, "required": ["id"]}"#)
    #expect(JSONValue.object(try whole.fields(for: .act(long))).json == #"{"id":\#(long)}"#)
    #expect(JSONValue.object(try whole.fields(for: .act("+007"))).json == #"{"id":7}"#)
    for words in ["1.0", "1e3", "0x10", ""] {
      #expect(throws: ActionForm.Misread.self, "\(words)") { try whole.fields(for: .act(words)) }
    }
    let any = try ActionFormTests.form(#"{"properties": {"x": {"type": "number"}}, "required": ["x"]}"#)
    #expect(JSONValue.object(try any.fields(for: .act("12.50"))).json == #"{"x":12.50}"#)
    #expect(JSONValue.object(try any.fields(for: .act(".5"))).json == #"{"x":0.5}"#)
    for words in ["1e400", "NaN", "Infinity", "1,5"] {
      #expect(throws: ActionForm.Misread.self, "\(words)") { try any.fields(for: .act(words)) }
    }
    let listed = try ActionFormTests.form(#"{"properties": {"x": {"enum": [0.5, 1.0]}}, "required": ["x"]}"#)
    #expect(listed.choices == ["0.5", "1.0"])
    #expect(try listed.fields(for: .act("1")) == ["x": .integer(1)])
  }
}
