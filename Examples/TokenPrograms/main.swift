// Models of texts as programs. Run with `swift run TokenPrograms`.

import Agents
import TokenSteering

let words = """
  the a cat dog mouse elephant chases sees loves follows quickly slowly carefully and then sleeps runs home
  """
let vocabulary = TokenVocabulary(words.split { $0.isWhitespace }.map { " \($0)" })
let animals = Bigrams(
  """
  the cat chases the mouse
  the elephant follows the dog and then sleeps
  the dog sees a cat and runs home quickly
  a mouse sees the elephant and runs home
  """, vocabulary: vocabulary)
let manners = Bigrams(
  """
  the dog quickly follows the cat
  a cat slowly sees the mouse
  the elephant loves the mouse
  the mouse carefully runs home
  """, vocabulary: vocabulary)

func show(_ title: String, _ texts: [(value: String, probability: Double)], _ logEvidence: Double) {
  print("\(title), log evidence \((logEvidence * 100).rounded() / 100)")
  for (text, probability) in texts.prefix(3) { print("  \((probability * 100).rounded() / 100) \(text)") }
}

let short = try await shortWords(animals, letters: 5).run(particles: 4_000, steps: 12, seed: Seed(1))
show("Words of at most five letters", short.distribution { vocabulary.text(of: $0) }, short.logEvidence)

let pieces = try ["the", "sees", "home"].map { piece in
  guard let tokens = vocabulary.spelled(" \(piece)") else { throw TokenSteeringError(.unspellable, piece) }
  return tokens
}
let filled = try await infilling(animals, pieces: pieces).run(particles: 4_000, steps: 3, seed: Seed(1))
show("The … sees … home", filled.distribution { vocabulary.text(of: $0.text) }, filled.logEvidence)

let both = try await intersection(animals, manners).run(particles: 4_000, steps: 12, seed: Seed(1))
show("Likely under both", both.distribution { vocabulary.text(of: $0) }, both.logEvidence)
