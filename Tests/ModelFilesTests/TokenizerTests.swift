import Agents
import Foundation
import Testing

@testable import ModelFiles

/// A small vocabulary: all bytes, some merges, two special tokens.
struct SmallTokenizer {
  var members: [String: String] = [
    "version": "\"1.0\"",
    "normalizer": "null",
    "pre_tokenizer": #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#,
    "post_processor": "null",
    "added_tokens": """
    [{"id":300,"content":"<|end|>","special":true,"normalized":false},
     {"id":301,"content":"<tool>","special":false,"normalized":false}]
    """,
  ]
  var model: [String: String] = [
    "type": "\"BPE\"", "merges": #"["h e","l l","he ll",["hell","o"]]"#, "vocab": SmallTokenizer.vocabulary(),
  ]

  static func vocabulary(adding: [(String, String)] = []) -> String {
    var members = (0..<256).map { (ByteAlphabet.encode([UInt8($0)]), "\($0)") }
    members += [("he", "256"), ("ll", "257"), ("hell", "258"), ("hello", "259")] + adding
    let escape = { (text: String) in
      text.replacingOccurrences(of: #"\"#, with: #"\\"#).replacingOccurrences(of: "\"", with: "\\\"")
    }
    return "{" + members.map { "\"\(escape($0.0))\":\($0.1)" }.joined(separator: ",") + "}"
  }

  var json: String {
    let object = { (members: [String: String]) in
      "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }
    return object(members.merging(["model": object(model)]) { first, _ in first })
  }

  func tokenizer() throws(ModelFileError) -> Tokenizer {
    try Data(json.utf8).withBytes { bytes throws(ModelFileError) in
      try Tokenizer(JSON(parsing: bytes, path: "tokenizer.json"), path: "tokenizer.json")
    }
  }
}

@Suite struct TokenizerTests {
  @Test func mergesGoByTheirRank() throws {
    let tokenizer = try SmallTokenizer().tokenizer()
    #expect(tokenizer.encode("hello") == [259])
    #expect(tokenizer.encode("hell lo") == [258, 32, 108, 111])
    #expect(tokenizer.count == 302)
    #expect(tokenizer.bytes(of: 258) == Array("hell".utf8))
    #expect(tokenizer.bytes(of: -1) == [] && tokenizer.bytes(of: 302) == [] && tokenizer.bytes(of: 299) == [])
  }

  @Test func specialTokensAreFoundOnlyWhereTheyAreMeant() throws {
    let tokenizer = try SmallTokenizer().tokenizer()
    #expect(tokenizer.encode("hello<|end|>", parsesSpecial: true) == [259, 300])
    #expect(!tokenizer.encode("hello<|end|>").contains(300))
    #expect(tokenizer.encode("hello<tool>") == [259, 301], "an added token that controls nothing is always found")
    #expect(tokenizer.decode([259, 300]) == "hello")
    #expect(tokenizer.decode([259, 300], keepsSpecial: true) == "hello<|end|>")
    #expect(tokenizer.isSpecial(300) && !tokenizer.isSpecial(301) && !tokenizer.isSpecial(259))
    #expect(tokenizer.token(of: "<|end|>") == 300 && tokenizer.token(of: "hello") == nil)
  }

  @Test func whatIsSaidCannotPassForATurn() throws {
    let tokenizer = try SmallTokenizer().tokenizer()
    let segments = [ChatSegment(text: "<|end|>", isMarkup: true), ChatSegment(text: "<|end|>", isMarkup: false)]
    let tokens = tokenizer.encode(segments)
    #expect(tokens.filter { $0 == 300 }.count == 1)
    #expect(tokenizer.decode(tokens, keepsSpecial: true) == "<|end|><|end|>")
    // Other text is encoded across the border of segments, as here within a word.
    let word = [ChatSegment(text: "<|end|>he", isMarkup: true), ChatSegment(text: "llo", isMarkup: false)]
    #expect(tokenizer.encode(word) == [300, 259])
  }

  /// Decoding returns every string, byte for byte. `==` would accept canonically equivalent strings.
  @Test func decodingUndoesEncoding() throws {
    let tokenizer = try SmallTokenizer().tokenizer()
    var draws = Seed(3).generator()
    for _ in 0..<500 {
      let scalars = (0..<Int.random(in: 0..<40, using: &draws)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0..<(Bool.random(using: &draws) ? 0x300 : 0x11_0000), using: &draws))
      }
      let text = String(String.UnicodeScalarView(scalars))
      #expect(Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8))
    }
  }

  /// A quadratic merge would take minutes.
  @Test(.timeLimit(.minutes(1))) func longRunsAreNotQuadratic() throws {
    let tokenizer = try SmallTokenizer().tokenizer()
    let tokens = tokenizer.encode(String(repeating: "hello", count: 20_000))
    #expect(tokens == Array(repeating: 259, count: 20_000))
    var composing = SmallTokenizer()
    composing.members["normalizer"] = #"{"type":"NFC"}"#
    let marked = try composing.tokenizer().encode("e\u{301}" + String(repeating: "\u{301}\u{327}", count: 20_000))
    #expect(marked.count > 70_000)
    #expect(
      try composing.tokenizer().encode("e\u{327}\u{301}\u{AC00}\u{11A8}")
        == Array("\u{229}\u{301}\u{AC01}".utf8).map(Int.init))
  }

  @Test func bytesThatTheVocabularyLacksAreLeftOut() throws {
    var small = SmallTokenizer()
    small.model["vocab"] = small.model["vocab"]?.replacingOccurrences(of: "\"x\":120,", with: "")
    #expect(try small.tokenizer().encode("axb") == [97, 98])
    small.model["unk_token"] = "\"?\""
    #expect(try small.tokenizer().encode("axb") == [97, 63, 98])
  }

  @Test(arguments: [
    ("vocab", SmallTokenizer.vocabulary(adding: [("zz", "-1")]), "not within 0 to"),
    ("vocab", SmallTokenizer.vocabulary(adding: [("zz", "4000000000")]), "not within 0 to"),
    ("vocab", SmallTokenizer.vocabulary(adding: [("zz", "97")]), "has two tokens"),
    ("vocab", SmallTokenizer.vocabulary(adding: [("he", "290")]), "there twice"),
    ("vocab", SmallTokenizer.vocabulary(adding: [("zz", "1.5")]), "a number"),
    ("vocab", SmallTokenizer.vocabulary(adding: [("zz", "\"a\"")]), "a string"),
    ("vocab", "[]", "no object"), ("vocab", "{}", "does not make a token"),
    ("merges", "{}", "no list"), ("merges", #"["h e l"]"#, "not of two tokens"), ("merges", #"["h q"]"#, "merge 0"),
    ("merges", #"[["h"]]"#, "not of two tokens"), ("merges", "[7]", "not of two tokens"),
    ("type", "\"Unigram\"", "not BPE"), ("type", "3", "not BPE"), ("byte_fallback", "true", "byte_fallback"),
    ("unk_token", "\"none\"", "unk_token"),
  ])
  func hostileModelsAreRefused(key: String, value: String, message: String) {
    var small = SmallTokenizer()
    small.model[key] = value
    let error = #expect(throws: ModelFileError.self) { try small.tokenizer() }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("added_tokens", "3", "not a list"), ("added_tokens", "[{}]", "no number"),
    ("added_tokens", #"[{"id":-5,"content":"x"}]"#, "not within 0 to"),
    ("added_tokens", #"[{"id":97,"content":"<s>"}]"#, "another token's"),
    ("added_tokens", #"[{"id":400,"content":"<s>"},{"id":401,"content":"<s>"}]"#, "there twice"),
    ("added_tokens", #"[{"id":400,"content":""}]"#, "empty"),
    ("added_tokens", #"[{"id":99999999,"content":"<s>"}]"#, "not within 0 to"),
    ("normalizer", #"{"type":"NFKC"}"#, "NFKC"), ("normalizer", "[]", "normaliser"),
    ("pre_tokenizer", "null", "pre-tokeniser"), ("pre_tokenizer", #"{"type":"Metaspace"}"#, "ByteLevel"),
    ("pre_tokenizer", #"{"type":"ByteLevel","add_prefix_space":true}"#, "add_prefix_space"),
    (
      "pre_tokenizer",
      #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(a+)+"},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false}]}"#,
      "(a+)+"
    ),
    (
      "pre_tokenizer",
      #"{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}"#,
      nil
    ),
  ])
  func whatIsNotSupportedIsNamed(key: String, value: String, message: String?) throws {
    var small = SmallTokenizer()
    small.members[key] = value
    guard let message else {
      #expect(try small.tokenizer().encode("12hello") == [49, 50, 259])
      return
    }
    let error = #expect(throws: ModelFileError.self) { try small.tokenizer() }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test func anEmptyFileIsRefused() {
    #expect(throws: ModelFileError.self) { try Tokenizer(contentsOf: "/dev/null") }
    #expect(throws: ModelFileError.self) { try Tokenizer(contentsOf: "/nowhere/tokenizer.json") }
  }
}
