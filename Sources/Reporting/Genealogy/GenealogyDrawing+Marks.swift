import Steering

extension GenealogyDrawing {
  /// The marks of culled particles, with the rewards of those that had finished.
  var cullMarks: [SVG] {
    ancestry.culls.flatMap { cull in
      let (x, y) = (layout.x(step: ancestry.checkpoints[cull.checkpoint].step), layout.y(cull.place))
      let arm = min(4, layout.rowHeight * 0.3)
      let (west, east) = (SVG.coordinate(x - arm), SVG.coordinate(x + arm))
      let (north, south) = (SVG.coordinate(y - arm), SVG.coordinate(y + arm))
      let mark = SVG(
        "path", ["class": "culled", "d": "M\(west) \(north)L\(east) \(south)M\(west) \(south)L\(east) \(north)"],
        [.tooltip("Particle \(cull.place) was culled")])
      guard let reward = bank[cull] else { return [mark] }
      let text = (reward == best ? "★ " : "") + text(reward)
      return [mark, .label(text, reward == best ? "banked best" : "banked", x: x - 7, y: y - 4, anchor: "end")]
    }
  }

  var finalRewards: [SVG] {
    rewards.prefix(ancestry.count).enumerated().map { place, reward in
      let isBest = reward == best
      let text = failed.contains(place) ? "failed" : (isBest ? "★ " : "") + text(reward)
      return .label(
        text, "reward \(layout.textSize)\(isBest ? " best" : "")", x: layout.right + (isBest ? 8 : 20),
        y: layout.y(place) + layout.fontSize * 0.36)
    }
  }

  /// A reward, with as many digits as fit.
  private func text(_ reward: Double) -> String {
    let most = (rewards + bank.values).filter(\.isFinite).map(abs).max() ?? 0
    return Format.number(reward, digits: most < 10 ? 3 : most < 100 ? 2 : most < 1_000 ? 1 : 0)
  }
}
