import Agents
import Constraints
import Foundation
import TestSupport
import Testing

@Suite struct GrammarTests {
  /// A grammar, texts that belong to it and texts that do not.
  static let examples: [(String, [String], [String])] = [
    (#"root ::= "a" | "b" "c""#, ["a", "bc"], ["", "b", "ac"]),
    ("# comment\nroot ::= item+ # one\n\nitem ::= [a-c\\]] |\n  \"x\"{2,3}\n", ["a", "]xx", "xxxb"], ["", "x", "d"]),
    (
      "root ::= (\n  \"a\"\n  # inside\n  [0-9]? \". \"\n)* end\nend ::= \"\\n\" | \"\"", ["", "a. a1. ", "a2. \n"],
      ["a", "\n\n"]
    ),
    // Left recursion, direct and hidden.
    (
      #"root ::= root "+" term | term"# + "\n" + #"term ::= [0-9]+ | "(" root ")""#, ["1+2+(3+44)"],
      ["", "1+", "(1", "+1"]
    ),
    ("root ::= maybe root \"b\" | \"a\"\nmaybe ::= \"x\"?", ["a", "ab", "xab", "xxabb"], ["b", "xa", "xxab"]),
    // Ambiguous, and with the empty text.
    (#"root ::= root root | "a" | """#, ["", "a", "aaaaaaaa"], ["b"]),
    ("root ::= a a a\na ::= \"x\" | b\nb ::= a? ", ["", "x", "xxx"], ["xxxx"]),
    // Right recursion, and the stack of brackets.
    ("root ::= \"a\" root | \"a\"", ["a", String(repeating: "a", count: 5_000)], [""]),
    ("root ::= \"(\" root \")\" root |", ["", "()", "(())()", "(()(()))"], ["(", ")(", "(()"]),
    (#"root ::= . "\x41\u00e9\U0001F600\t\"\\" [^"\x00-\x1f]"#, ["ßAé😀\t\"\\x"], ["ßAé😀\t\"\\\""]),
    ("root ::= \"ab\"{ 2 , } \"c\"{0,1}", ["abab", "ababab", "ababc"], ["ab", "abb"]),
    ("root ::= under_score\r\nunder_score ::= \"é\"\r\n", ["é"], ["e"]),
  ]

  @Test(arguments: examples.indices) func textsBelong(_ number: Int) throws {
    let (text, members, others) = Self.examples[number]
    let language = try Constraint.grammar(text).language()
    for member in members {
      #expect(language.contains(member.utf8), "\(text) and \(member)")
      for end in 0...min(member.utf8.count, 50) {
        let state = language.state(after: member.utf8.prefix(end))
        #expect(state.flatMap { language.completion(of: $0) } != nil, "\(text): a beginning of \(member) is a dead end")
      }
    }
    for other in others { #expect(!language.contains(other.utf8), "\(text) and \(other)") }
  }

  @Test(arguments: [
    ("", "no rule \"root\""), ("a ::= \"a\"", "no rule \"root\""), ("root ::= b", "\"b\" is not defined"),
    ("root ::= \"a\" root", "\"root\" never ends"), ("root ::= \"a\" | b\nb ::= \"(\" b \")\"", "\"b\" never ends"),
    ("root ::= \"x\"\nunused ::= unused", "line 2, column 1: the rule \"unused\" never ends"),
    ("root ::= b\nb ::= c\nc ::= b", "never ends"), ("root ::= \"a\nb\"\nroot ::= \"c\"", "twice"),
    ("root ::= \"a", "quotation mark"), ("root ::= [a", "class is not closed"), ("root ::= [z-a]", "reverse"),
    ("root ::= []", "no characters"), ("root ::= (\"a\"", "parenthesis"), ("root ::= \"a\")", "end of the line"),
    ("root ::= * \"a\"", "nothing"), ("root ::= \"a\"{3,1}", "at most 1"), ("root ::= \"a\"{x}", "malformed"),
    ("root = \"a\"", "::= is expected"), ("::= \"a\"", "name of a rule"), (#"root ::= "\q""#, "escape \\q"),
    (#"root ::= "\ud800""#, "Unicode"), ("root ::= <[12]>", "tokens"), ("root ::= !<think>", "tokens"),
    ("root ::= (\"a\"{1000}){1000}", "states"), ("root ::= [^\\x00-\\U0010FFFF]", "never ends"),
  ])
  func badGrammarsAreRefused(_ text: String, _ reason: String) throws {
    let error = try #require(throws: ConstraintError.self) { _ = try Constraint.grammar(text).language() }
    #expect(error.description.contains(reason), "\(error)")
    #expect(error.kind == .grammar && !error.remedy.isEmpty)
  }

  @Test func nestingAndLengthAreBounded() throws {
    let deep = "root ::= " + String(repeating: "(", count: 100_000) + "\"a\"" + String(repeating: ")", count: 100_000)
    #expect(throws: ConstraintError.self) { try Constraint.grammar(deep).language() }
    #expect(throws: ConstraintError.self) {
      try Constraint.grammar("root ::= \"\(String(repeating: "a", count: 1_000_000))\"").language()
    }
    let comments = String(repeating: "# nothing\n", count: 100_000) + "root ::= \"a\""
    #expect(try Constraint.grammar(comments).language().contains("a".utf8))
    // A chain of rules is no recursion.
    let chain = (0..<20_000).map { "r\($0) ::= r\($0 + 1)\n" }.joined()
    #expect(try Constraint.grammar("root ::= r0\n\(chain)r20000 ::= \"a\"").language().contains("a".utf8))
  }

  /// Brackets deeper than any stack of the machine, in a table and without one.
  @Test func deepTextsNeedNoRecursion() throws {
    let language = try Constraint.grammar("root ::= \"(\" root \")\" | \"x\"").language()
    let depth = 60_000
    let text = String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
    #expect(language.contains(text.utf8))
    #expect(!language.contains(text.utf8.dropLast()))
  }

  @Test func statesOfTheSameSituationAreEqual() throws {
    let language = try Constraint.grammar(
      "root ::= list\nlist ::= list \",\" item | item\nitem ::= [a-z]+ | \"[\" list \"]\""
    ).language()
    let after = { (text: String) in language.state(after: text.utf8) }
    #expect(after("a") == after("a,bc,d"))
    #expect(after("[a") == after("x,[b,c"))
    #expect(after("[a") != after("a") && after("[[a") != after("[a"))
    let right = try Constraint.grammar("root ::= \"a\" root | \"b\"").language()
    #expect(right.state(after: "a".utf8) == right.state(after: "aaaa".utf8))
  }

  /// Every text of up to five characters, for random grammars: recursive in all ways, ambiguous, with empty rules.
  @Test(.enabled(if: Reference.python != nil)) func membersAreTheReferences() throws {
    var dice = Seed(3).generator()
    var texts: [String] = [""]
    var last = [""]
    for _ in 0..<5 {
      last = last.flatMap { [$0 + "a", $0 + "b"] }
      texts += last
    }
    var cases: [Reference.Case] = []
    var grammars: [String] = []
    while cases.count < 120 {
      let (ours, theirs) = Self.randomGrammar(&dice)
      guard (try? Constraint.grammar(ours).language()) != nil else { continue }
      grammars.append(ours)
      cases.append(Reference.Case(kind: "grammar", constraint: theirs, texts: texts))
    }
    var members = 0
    for (grammar, verdict) in zip(grammars, try Reference.verdicts(cases)) {
      let language = try Constraint.grammar(grammar).language()
      var viable: Set<String> = []
      for (text, isMember) in zip(texts, verdict.members) where isMember {
        members += 1
        for end in 0...text.utf8.count { viable.insert(String(text.prefix(end))) }
      }
      for (text, isMember) in zip(texts, verdict.members) {
        let state = language.state(after: text.utf8)
        #expect((state.map(language.isComplete) ?? false) == isMember, "\(grammar) and \(text)")
        if let state {
          #expect(language.search(from: state, among: 500) != .deadEnd, "\(grammar): \(text) is a dead end")
        } else {
          #expect(!viable.contains(text), "\(grammar): \(text) begins a text")
        }
      }
    }
    #expect(members > 800)
  }

  /// A grammar in GBNF and in Lark's notation.
  private static func randomGrammar(_ dice: inout SplitMix64) -> (ours: String, theirs: String) {
    let names = ["root", "x", "y", "z"]
    var rules: [[[String]]] = []
    for _ in names {
      rules.append(
        (0..<Int.random(in: 1...3, using: &dice)).map { _ in
          (0..<Int.random(in: 0...3, using: &dice)).map { _ in
            (["\"a\"", "\"b\""] + names).randomElement(using: &dice) ?? "\"a\""
          }
        })
    }
    func written(_ sign: String, _ empty: String) -> String {
      zip(names, rules).map { name, branches in
        "\(name) \(sign) " + branches.map { $0.isEmpty ? empty : $0.joined(separator: " ") }.joined(separator: " | ")
      }.joined(separator: "\n")
    }
    return (written("::=", "\"\""), written(":", ""))
  }

  @Test func fuzzedGrammarsGiveALanguageOrAnError() async throws {
    let words = [
      "root ::= ", "::=", "\"a\"", "[a-z]", "{2,3}", "|", "(", ")", "\n", "# ", "\\x41", "x", "{1000}", "*", ".",
    ]
    for await input in Fuzz("gbnf", Self.examples.map(\.0), count: 2_000, words: words) {
      guard let language = try? Constraint.grammar(String(decoding: input, as: UTF8.self)).language() else { continue }
      #expect(language.isComplete(language.start) || language.canContinue(language.start))
    }
  }
}
