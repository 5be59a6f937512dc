import Agents
import TokenSteering

// The three examples of Lew et al. (arXiv 2306.03081), each a model written as a program.

// snippet: short words
/// Sentences without a word of more than `letters` letters.
func shortWords(_ model: some Potential, letters: Int) -> ParticleProgram<[TokenID]> {
  ParticleProgram([]) { particle in
    guard let token = try await particle.sample(model, after: particle.state) else { return particle.finish() }
    particle.state.append(token)
    let words = model.vocabulary.text(of: particle.state).split { !$0.isLetter }
    particle.condition(words.allSatisfy { $0.count <= letters })
  }
}
// end snippet

// snippet: infilling
/// Fills the gaps between given pieces with one to three tokens each.
func infilling(_ model: some Potential, pieces: [[TokenID]]) -> ParticleProgram<(text: [TokenID], piece: Int)> {
  ParticleProgram((text: [], piece: 0)) { particle in
    let piece = pieces[particle.state.piece]
    try await particle.observe(piece, from: model, after: particle.state.text)
    particle.state.text += piece
    particle.state.piece += 1
    if particle.state.piece == pieces.count {
      try await particle.observe(nil, from: model, after: particle.state.text)
      return particle.finish()
    }
    for _ in 0...particle.sample(below: 3) {
      guard let token = try await particle.sample(model, after: particle.state.text) else {
        return particle.condition(false)
      }
      particle.state.text.append(token)
    }
  }
}
// end snippet

// snippet: intersection
/// Texts that are likely after two prompts at once: drawn from one model, weighed by the other.
func intersection(_ one: some Potential, _ other: some Potential) -> ParticleProgram<[TokenID]> {
  ParticleProgram([]) { particle in
    let token = try await particle.sample(one, after: particle.state)
    try await particle.observe(token, from: other, after: particle.state)
    guard let token else { return particle.finish() }
    particle.state.append(token)
  }
}
// end snippet
