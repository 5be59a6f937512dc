import Reporting

/// The finished and the remaining stages, for `--dry-run`.
package struct StudyLeft: Encodable {
  package struct Stage: Encodable {
    package let name: String
    package let isDone: Bool
    /// The approximate number of model calls if the stage runs.
    package let calls: Int
  }

  package let stages: [Stage]
  package let calls: Int

  package init(_ pipeline: StudyPipeline, _ done: StudyPipeline.Results, _ chosen: Set<StudyStage>) {
    stages = StudyStage.allCases.filter { chosen.contains($0) || done[$0] != nil }.map {
      Stage(name: $0.rawValue, isDone: done[$0] != nil, calls: pipeline.callsLeft($0, after: done))
    }
    calls = stages.reduce(0) { $0 + $1.calls }
  }

  package var text: String {
    var table = TextTable(columns: [.left("stage"), .left("state"), .right("calls left, about")])
    for stage in stages {
      table.append([stage.name, stage.isDone ? "done" : "to do", stage.isDone ? "–" : Format.count(stage.calls)])
    }
    return table.text
      + "\n\nAbout \(Format.count(calls)) model calls are left; stored answers are not requested again."
  }
}
