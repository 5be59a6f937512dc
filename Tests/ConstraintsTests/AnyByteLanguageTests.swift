import Agents
import Foundation
import Testing

@testable import Constraints

@Suite struct AnyByteLanguageTests {
  static let grammar = "root ::= root [+*] root | \"(\" root \")\" | [0-9]+"

  /// A table that is full from the start, and one that fills while it is used, give the same answers as the language.
  @Test(arguments: [0, 1, 7, .max]) func aFullTableChangesNothing(_ capacity: Int) throws {
    let recogniser = try Constraint.grammar(Self.grammar).recogniser()
    let language = AnyByteLanguage(recogniser, classes: recogniser.machine.byteClasses, capacity: capacity)
    var dice = Seed(1).generator()
    for _ in 0..<100 {
      var (direct, erased) = (recogniser.start, language.start)
      var seen: [Recogniser.State: AnyByteLanguage.State] = [:]
      for _ in 0..<40 {
        #expect(recogniser.isComplete(direct) == language.isComplete(erased))
        #expect(recogniser.canContinue(direct) == language.canContinue(erased))
        // Equal states stay equal.
        #expect(seen.updateValue(erased, forKey: direct).map { $0 == erased } ?? true)
        let byte = try #require(Array("((((1234567890))))++*x".utf8).randomElement(using: &dice))
        let next = (recogniser.state(after: byte, direct), language.state(after: byte, erased))
        #expect((next.0 == nil) == (next.1 == nil))
        guard let one = next.0, let other = next.1 else { continue }
        (direct, erased) = (one, other)
      }
    }
  }

  @Test func bytesThatNoEdgeTellsApartShareAnEntry() throws {
    let classes = try Constraint.regex("[a-cA-C]x|[0-9]").recogniser().machine.byteClasses
    #expect(classes[Int(UInt8(ascii: "a"))] == classes[Int(UInt8(ascii: "C"))])
    #expect(classes[Int(UInt8(ascii: "a"))] != classes[Int(UInt8(ascii: "x"))])
    #expect(Set(classes).count == 4)
  }

  /// Many tasks fill one table at a time.
  @Test func aTableIsSharedByTasks() async throws {
    let language = try Constraint.grammar(Self.grammar).language()
    let answers = await withTaskGroup(of: [Bool].self) { group in
      for _ in 0..<8 {
        group.addTask {
          var dice = Seed(9).generator()
          return (0..<300).map { _ in
            let text = (0..<12).map { _ in Array("(1)+".utf8).randomElement(using: &dice) ?? 0 }
            return language.contains(text)
          }
        }
      }
      return await group.reduce(into: Set<[Bool]>()) { $0.insert($1) }
    }
    #expect(answers.count == 1)
  }

  @Test func choicesAreTheirTexts() throws {
    let language = try Constraint.choices(["red", "rose", "", "grün", "red"]).language()
    for text in ["red", "rose", "", "grün"] { #expect(language.contains(text.utf8)) }
    for text in ["r", "re", "redd", "grun"] { #expect(!language.contains(text.utf8)) }
    #expect(language.following(language.start) == [0x67, 0x72])
    let last = try #require(language.state(after: "rose".utf8))
    #expect(language.isComplete(last) && !language.canContinue(last))
    let error = try #require(throws: ConstraintError.self) { _ = try Constraint.choices([]).language() }
    #expect(error.description == "choices: the list is empty; list what is allowed")
    #expect(throws: ConstraintError.self) {
      try Constraint.choices([String(repeating: "a", count: 1_000_000)]).language()
    }
  }
}
