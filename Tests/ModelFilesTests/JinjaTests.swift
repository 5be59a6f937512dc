import Agents
import Foundation
import Testing

@testable import ModelFiles

@Suite struct JinjaTests {
  static func render(_ source: String, _ values: [String: JinjaValue] = [:]) throws -> JinjaText {
    try JinjaInterpreter.render(JinjaParser.parse(source), values)
  }

  /// The origin of a text survives every operation of the template.
  @Test(arguments: [
    ("<{{ x }}>", "a<b"), ("<{{ x | trim }}>", " a<b\n"), ("<{{ 'z' + x.split('|')[-1] + 'z' }}>", "q|a<b"),
    ("{% set y %}<{{ x }}{% endset %}{{ y }}>", "a<b"), ("{% macro f(t) %}<{{ t }}>{% endmacro %}{{ f(x) }}", "a<b"),
    ("<{{ x | replace('-', '') }}>", "a-<b"), ("<{{ [x, ''] | join('>') }}", "a<b"), ("<{{ x[1:-1] }}>", "[a<b]"),
    ("{{ '<%s>' % x }}", "a<b"), ("{{ ('<' ~ x ~ '>') | lower }}", "A<B"),
  ])
  func whatWasSaidStaysMarked(template: String, said: String) throws {
    let segments = try Self.render(template, ["x": .text(JinjaText(said, isSaid: true))]).segments
    #expect(segments.filter { !$0.isMarkup }.map(\.text).joined() == "a<b", "\(segments)")
    #expect(segments.first?.isMarkup == true && segments.last?.isMarkup == true)
    #expect(segments.first?.text.contains("<") == true && segments.last?.text.contains(">") == true)
  }

  /// Templates that would need unbounded time or memory fail quickly.
  @Test(arguments: [
    "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
    "{{ 'x' * 99999999 }}", "{{ 'x' * 2000000 * 2000000 }}", "{{ range(10 ** 15) }}", "{{ range(1, 99999999) | list }}",
    "{% set ns = namespace(a='xxxxxxxx') %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{{ ('a' * 100000) in ('a' * 200000 + 'b') }}",
    "{% set a = 'a' * 500000 %}{% for i in range(100000) %}{{ (a + 'b').split(a + 'c') | length }}{% endfor %}",
    "{% set a = 'a' * 1000000 %}{% for i in range(100000) %}{% if a == a + '' %}{% endif %}{% endfor %}",
    "{{ 'aaaaaaaaaaaaaaaaaaaaaaaa' | replace('a', 'x' * 2000000) }}",
    "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + " }}",
    "{{ " + String(repeating: "[", count: 5000), "{{ " + String(repeating: "-", count: 5000) + "1 }}",
    "{{ " + String(repeating: "not ", count: 5000) + "1 }}", "{{ x" + String(repeating: "|list", count: 5000) + " }}",
    String(repeating: "{% if 1 %}", count: 5000), String(repeating: "{% for a in b %}", count: 5000),
    "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
    "{{ (0 - 9223372036854775807 - 1) // -1 }}", "{{ 99999999999999999999 | int | string | int + 'a' }}",
    "{{ 'x'.split('') }}", "{{ [1][::0] }}", "{{ {}.nothing() }}",
  ])
  func hostileTemplatesAreErrors(template: String) {
    #expect(throws: JinjaError.self) { try Self.render(template) }
  }

  /// Long sums and long chains of conditions do not count as deep nesting.
  @Test func longIsNotDeep() throws {
    let sum = "{{ 0" + String(repeating: " + 1", count: 3000) + " }}"
    #expect(try Self.render(sum).string == "3000")
    let choice = "{% if x == 0 %}" + (1..<3000).map { "{% elif x == \($0) %}\($0)" }.joined() + "{% endif %}"
    #expect(try Self.render(choice, ["x": .integer(2999)]).string == "2999")
  }

  /// A damaged template gives a text or an error and never a trap.
  @Test func damagedTemplates() throws {
    let folder = Places.root.appendingPathComponent("Tests/ModelFilesTests/ChatTemplates")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jinja") }
      .sorted()
    #expect(names.count >= 12)
    var draws = Seed(5).generator()
    var (read, rendered) = (0, 0)
    for name in names {
      let whole = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
      for _ in 0..<60 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &draws) {
          let place = Int.random(in: 0..<bytes.count, using: &draws)
          switch Int.random(in: 0..<4, using: &draws) {
          case 0: bytes[place] = UInt8.random(in: 32...126, using: &draws)
          case 1: bytes.remove(at: place)
          case 2: bytes.insert(contentsOf: Array(bytes[place..<min(bytes.count, place + 20)]), at: 0)
          default: bytes.removeSubrange(place..<min(bytes.count, place + 40))
          }
        }
        guard let parsed = try? JinjaParser.parse(String(decoding: bytes, as: UTF8.self)) else { continue }
        read += 1
        let turn = JinjaValue.record(["role": .text("user"), "content": .text("hi")])
        let values: [String: JinjaValue] = ["messages": .list([turn]), "tools": .none, "bos_token": .text("<s>")]
        if (try? JinjaInterpreter.render(parsed, values)) != nil { rendered += 1 }
      }
    }
    #expect(read > 20 && rendered > 10)
  }
}
