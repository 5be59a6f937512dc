import Agents
import Constraints
import Foundation
import TestSupport
import Testing

@Suite struct RegexTests {
  /// An expression, texts that match and texts that do not.
  static let examples: [(String, [String], [String])] = [
    ("", [""], ["a"]),
    ("abc", ["abc"], ["", "ab", "abcd"]),
    ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
    ("(a*)*b", ["b", "aab"], ["a", ""]),
    ("(?:ab){2,3}", ["abab", "ababab"], ["ab", "abababab"]),
    ("a{2}", ["aa"], ["a", "aaa"]), ("a{0}", [""], ["a"]), ("a{2,}", ["aa", "aaaaa"], ["a"]),
    ("a{,b", ["a{,b"], ["ab"]), ("{x}", ["{x}"], ["x"]),
    (".", ["a", "é", "😀", "\u{2028}"], ["", "\n", "ab"]),
    ("[^a-c]", ["d", "é", "\n"], ["a", ""]), (#"[\]\-\\]"#, ["]", "-", "\\"], ["a"]), ("[a-]", ["a", "-"], ["b"]),
    (#"\d+\.\d"#, ["12.5"], ["12", "12.55"]), (#"[\d_]\w\s"#, ["_a "], ["aa "]), (#"\D\W\S"#, ["a-é"], ["1-a"]),
    (#"\x41\u00e9\U0001F600\u{1F600}\ud83d\ude00"#, ["Aé😀😀😀"], ["A"]),
    ("[α-ω]+", ["αβγ"], ["a", "α "]),
    ("[\u{7E}-\u{800}]", ["\u{7E}", "\u{7F}", "\u{80}", "\u{800}"], ["}", "\u{801}"]),
    ("^a$", ["a"], ["aa"]), ("(^a|b)c$", ["ac", "bc"], ["a"]), ("(?:^|x)a", ["a", "xa"], ["xxa"]),
    ("a(?:$|b)", ["a", "ab"], ["abb"]), (#"\Aa\Z"#, ["a"], [""]), ("(?P<x>a)(?<y>b)+?", ["ab", "abb"], ["a"]),
    (#"\t\n\r\f\v\0"#, ["\t\n\r\u{C}\u{B}\u{0}"], [""]),
  ]

  @Test(arguments: examples.indices) func textsMatch(_ number: Int) throws {
    let (text, members, others) = Self.examples[number]
    let language = try Constraint.regex(text).language()
    for member in members { #expect(language.contains(member.utf8), "\(text) matches \(member)") }
    for other in others { #expect(!language.contains(other.utf8), "\(text) does not match \(other)") }
  }

  @Test func bytesThatAreNotUTF8NeverMatch() throws {
    let language = try Constraint.regex("(?:.|\n)*").language()
    for bytes: [UInt8] in [
      [0xFF], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0xE0, 0x80], [0xC3, 0x28],
    ] {
      #expect(language.state(after: bytes) == nil)
    }
    let inside = try #require(language.state(after: [0xE2, 0x82]))
    #expect(!language.isComplete(inside) && language.canContinue(inside))
    #expect(language.following(inside) == Array(0x80...0xBF))
  }

  @Test(arguments: [
    ("(", "is not closed"), (")", "no opening one"), ("a**", "repeated"), ("*a", "nothing"), ("a{3,2}", "at most 2"),
    ("[a", "is not closed"), ("[]", "empty class"), ("[z-a]", "reverse"), (#"[\d-z]"#, "a set"),
    (#"(a)\1"#, "back reference"),
    (#"\bword"#, "word boundary"), ("(?=a)", "lookahead"), ("(?<!a)b", "lookbehind"), ("(?>a)", "atomic"),
    ("a++", "possessive"), ("(?i)a", "flags"), (#"\p{L}"#, "properties"), (#"\q"#, "escape \\q"),
    ("[[:alpha:]]", "POSIX"),
    (#"\ud800"#, "Unicode"), (#"\x{+41}"#, "Unicode"), (#"\x{41"#, "Unicode"), (#"\07"#, "octal"), ("a{,3}", "{0,n}"),
    ("\\", "backslash"), ("^*", "anchor"),
    ("[^\\s\\S]", "no text matches"), ("a^b", "no text matches"), ("$a", "no text matches"),
    ("(a{1000}){1000}", "states"), ("(((){1000000}){1000000}){1000000}", "states"),
    ("a{999999999999999999999}", "states"),
  ])
  func badExpressionsAreRefused(_ text: String, _ reason: String) throws {
    let error = try #require(throws: ConstraintError.self) { _ = try Constraint.regex(text).language() }
    #expect(error.description.contains(reason), "\(error)")
    #expect(error.kind == .regex && !error.remedy.isEmpty)
  }

  @Test func excerptsShowNoCharacterThatReordersText() throws {
    let text = "a\u{202E}\u{7}b("
    let error = try #require(throws: ConstraintError.self) { _ = try Constraint.regex(text).language() }
    #expect(error.excerpt(of: text) == "  a  b(\n      ^")
  }

  @Test func nestingAndLengthAreBounded() throws {
    let deep = String(repeating: "(", count: 100_000) + String(repeating: ")", count: 100_000)
    #expect(throws: ConstraintError.self) { try Constraint.regex(deep).language() }
    let long = String(repeating: "a", count: 1_000_000)
    #expect(throws: ConstraintError.self) { try Constraint.regex(long).language() }
    #expect(throws: ConstraintError.self) { try Constraint.regex(String(repeating: "(a|", count: 300_000)).language() }
    #expect(try Constraint.regex("(?:\(String(repeating: "a|", count: 30_000))b){3}").language().contains("bab".utf8))
  }

  /// Every text of up to four characters, for random expressions.
  @Test(.enabled(if: Reference.python != nil)) func membersAndPrefixesAreTheReferences() throws {
    var dice = Seed(21).generator()
    let alphabet = ["a", "b", "c", "é"]
    var texts = [""]
    var last = [""]
    for _ in 0..<4 {
      last = last.flatMap { text in alphabet.map { text + $0 } }
      texts += last
    }
    var cases: [Reference.Case] = []
    var languages: [AnyByteLanguage] = []
    while cases.count < 400 {
      let expression = Self.randomExpression(&dice, depth: 4)
      guard let language = try? Constraint.regex(expression).language() else { continue }
      languages.append(language)
      cases.append(Reference.Case(kind: "regex", constraint: expression, texts: texts))
    }
    let verdicts = try Reference.verdicts(cases)
    var members = 0
    for ((language, test), verdict) in zip(zip(languages, cases), verdicts) {
      for (place, text) in texts.enumerated() {
        let state = language.state(after: text.utf8)
        let isMember = state.map(language.isComplete) ?? false
        if isMember { members += 1 }
        #expect(isMember == verdict.members[place], "\(test.constraint) and \(text.debugDescription)")
        // After a lazy repetition, `regex` takes some texts for beginnings that are none, such as "bca" of b.[^a]*?cd.
        guard !test.constraint.contains("*?") else { continue }
        #expect((state != nil) == verdict.viable?[place], "\(test.constraint) and the prefix \(text.debugDescription)")
      }
    }
    #expect(members > 5_000)
  }

  private static func randomExpression(_ dice: inout SplitMix64, depth: Int) -> String {
    let pick = Int.random(in: 0..<(depth > 0 ? 12 : 4), using: &dice)
    switch pick {
    case 0, 1: return ["a", "b", "c", "é"].randomElement(using: &dice) ?? "a"
    case 2: return [".", "[ab]", "[^a]", "[b-é]", #"\w"#, #"\W"#, "[^bé]"].randomElement(using: &dice) ?? "."
    case 3: return ["a?", "b*", "", "é{2}"].randomElement(using: &dice) ?? ""
    case 4, 5, 6:
      return (0..<Int.random(in: 1...3, using: &dice)).map { _ in randomExpression(&dice, depth: depth - 1) }.joined()
    case 7, 8:
      let branches = (0..<Int.random(in: 2...3, using: &dice)).map { _ in randomExpression(&dice, depth: depth - 1) }
      return "(?:\(branches.joined(separator: "|")))"
    default:
      let repetition = ["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*?"].randomElement(using: &dice) ?? "*"
      return "(?:\(randomExpression(&dice, depth: depth - 1)))\(repetition)"
    }
  }

  /// Longer texts of real-life expressions: drawn from the language, and changed.
  @Test(.enabled(if: Reference.python != nil)) func longTextsAreTheReferences() throws {
    let expressions = [
      #"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"#, #"[A-Za-z_]\w{0,15}(\.[A-Za-z_]\w*)*"#,
      #"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}"#, #"(yes|no|maybe)(, (yes|no|maybe)){0,5}"#,
      #"[^\s@]+@[^\s@]+\.[a-z]{2,6}"#, #"(?:[a-c]|é|😀){3,9}x?"#, #"(a|aa|aaa){2,8}b|.{0,20}c"#, #"(.*a.{6})?"#,
    ]
    var dice = Seed(5).generator()
    var mutation = Mutation(seed: 5, words: ["a", "é", "1", ".", "@", "-", "x"])
    var cases: [Reference.Case] = []
    for expression in expressions {
      let language = try Constraint.regex(expression).language()
      var texts: [String] = []
      for _ in 0..<150 {
        let bytes = try #require(
          language.randomText(&dice, length: 30, favouring: Array("abcxyz0123456789.@-_".utf8)), "\(expression)")
        texts.append(try #require(String(validating: bytes, as: UTF8.self)))
      }
      let drawn = texts.map { Data($0.utf8) }
      for text in drawn {
        for _ in 0..<3 {
          let changed = mutation.mutated(text, others: drawn)
          if changed.count < 200, let text = String(data: changed, encoding: .utf8) { texts.append(text) }
        }
      }
      cases.append(Reference.Case(kind: "regex", constraint: expression, texts: texts))
    }
    for (test, verdict) in zip(cases, try Reference.verdicts(cases)) {
      let language = try Constraint.regex(test.constraint).language()
      for (place, text) in test.texts.enumerated() {
        #expect(
          language.contains(text.utf8) == verdict.members[place], "\(test.constraint) and \(text.debugDescription)")
        let isViable = language.state(after: text.utf8) != nil
        #expect(isViable == verdict.viable?[place], "\(test.constraint) and the prefix \(text.debugDescription)")
      }
      #expect(!verdict.members.prefix(150).contains(false))
    }
  }

  @Test func fuzzedExpressionsGiveALanguageOrAnError() async throws {
    let seeds = Self.examples.map(\.0) + [#"(?:[^"\\]|\\.)*"#, #"^(\d{1,3}\.){3}\d{1,3}$"#]
    let words = ["(?:", "(?P<n>", "{1,2}", "\\d", "[^", "|", "*", "+?", "(?=", "\\u0041", "{1000}", "\\x", "$", "^"]
    for await input in Fuzz("regex", seeds, count: 2_000, words: words) {
      guard let language = try? Constraint.regex(String(decoding: input, as: UTF8.self)).language() else { continue }
      #expect(language.isComplete(language.start) || language.canContinue(language.start))
    }
  }
}
