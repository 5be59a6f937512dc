import Foundation
import TestSupport
import Testing

@testable import ProcessWorld

@Suite("Damaged answers of a world's program are errors")
struct ProcessFuzzTests {
  @Test("Lines", .timeLimit(.minutes(10)))
  func lines() {
    let seeds = [
      #"{"id":1,"name":"maze","version":"1","tasks":{"train":["a","b"],"test":[]},"stepLimit":12,"maximalReward":1,"instructions":"go","snapshots":true,"tools":[{"name":"go","description":"d","parameters":{"type":"object","properties":{"way":{"type":"string","enum":["n","s"]}}}}]}"#,
      #"{"id":2,"observation":"café \u001b[2J","choices":["north","south"],"reward":-0.25,"done":false,"invalid":true}"#,
      #"{"id":3,"snapshot":{"place":[1,2],"seed":18446744073709551615,"deep":{"a":[null,true,1.5]}}}"#,
      #"{"id":4,"error":"no such door"}"#,
    ]
    var sound = 0
    for data in Fuzz("ProcessProtocol", seeds, count: 5_000, words: ["\"id\":", "\"reward\":", "\"snapshot\":"]) {
      if (try? ProgramReply(line: Array(data))) != nil { sound += 1 }
    }
    #expect(sound > 0)
  }
}
