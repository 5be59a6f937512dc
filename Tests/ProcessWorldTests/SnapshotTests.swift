import Agents
import Testing

@testable import ProcessWorld

extension ProcessWorldTests {
  /// The state of Python's own generator, a generator state of 128 bits like numpy's, an integer of 282 digits and a
  /// decimal of 40 digits.
  @Test("A snapshot comes back digit for digit, so that a clone draws what its original draws")
  func generators() async throws {
    let before = """
      import random, decimal
      decimal.getcontext().prec = 40
      states, decimals = {}, {}
      def fresh(): return {"mt": random.Random(7).getstate(), "pcg": 2**128 - 159, "inc": 2**127 + 1, "big": -7**333, "f": 1.0}
      """
    let body = """
      e = q["episode"]
      if q["op"] == "restore":
          s = json.loads(line, parse_float=decimal.Decimal)["snapshot"]
          s["mt"] = (s["mt"][0], tuple(s["mt"][1]), s["mt"][2])
          decimals[e] = s.pop("p")
          assert str(s["f"]) == "1.0", s["f"]
          s["f"] = 1.0
          states[e] = s
          return {}
      s = states.setdefault(e, fresh())
      p = decimals.setdefault(e, decimal.Decimal(1) / 7)
      if q["op"] == "snapshot":
          print('{"id": %d, "snapshot": %s, "p": %s}}' % (q["id"], json.dumps(s)[:-1], p), flush=True)
          return None
      r = random.Random()
      r.setstate(s["mt"])
      drawn = r.getrandbits(70)
      s["mt"] = r.getstate()
      s["pcg"] = (s["pcg"] * 47026247687942121848144207491837523525 + s["inc"]) % 2**128
      decimals[e] = p * 3 / 11
      return {"observation": "%d %d %d %s" % (drawn, s["pcg"], s["big"], decimals[e])}
      """
    let world = try await Self.world(Self.program(body, before: before, hello: "\"snapshots\": True"))
    var (episode, _) = try await world.begin(try world.task("a"))
    var clone = try #require(try await episode.fork())
    var seen: Set<String> = []
    for step in 0..<4 {
      let text = try await episode.step(.act("draw")).observation.text
      #expect(try await clone.step(.act("draw")).observation.text == text)
      seen.insert(text)
      guard step == 1 else { continue }
      // A clone of a clone.
      let next = try #require(try await clone.fork())
      await clone.close()
      clone = next
    }
    #expect(seen.count == 4 && seen.allSatisfy { $0.utf8.count > 350 }, "\(seen)")
    for episode in [episode, clone] { await episode.close() }
    await world.close()
  }
}
