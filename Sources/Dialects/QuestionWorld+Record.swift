import Agents

extension QuestionWorld {
  package func question(after trajectory: Trajectory) throws(WorldError) -> ModelQuestion {
    try trajectory.openQuestion()
  }

  package func transcript(for trajectory: Trajectory) -> Transcript {
    guard let question = try? question(after: trajectory) else {
      return Transcript(instructions: "", history: trajectory)
    }
    return transcript(of: question, after: trajectory)
  }

  package func transcript(of question: ModelQuestion, after trajectory: Trajectory) -> Transcript {
    guard let request = try? NeutralRequest(question) else {
      return Transcript(instructions: "", history: trajectory)
    }
    return Transcript(request)
  }
}
