/// The legend of the colours and marks of a genealogy.
struct GenealogyLegend {
  let drawing: GenealogyDrawing

  var content: [SVG] {
    let y = drawing.layout.bottom + 48
    return bar(y) + marks(y + 26)
  }

  private func bar(_ y: Double) -> [SVG] {
    guard let range = drawing.softValueRange else {
      return [.label("The critic gave no values.", "muted", x: 20, y: y + 4)]
    }
    let caption = "Critic's value V where a segment ends:"
    var x = 26 + SVG.width(of: caption, fontSize: 11)
    var content = [SVG.label(caption, "legend", x: 20, y: y + 4)]
    let isFlat = range.lowerBound == range.upperBound
    if !isFlat {
      let least = Format.number(range.lowerBound)
      content.append(.label(least, "muted", x: x, y: y + 4))
      x += SVG.width(of: least, fontSize: 11) + 6
    }
    for level in isFlat ? Viridis.levels - 1..<Viridis.levels : 0..<Viridis.levels {
      content.append(SVG("rect", ["class": "bar v\(level)", "x": x, "y": y - 6, "width": 13, "height": 12]))
      x += 12
    }
    let most = Format.number(range.upperBound)
    let end = x + 8 + SVG.width(of: most, fontSize: 11)
    return content + [
      .label(most, "muted", x: x + 8, y: y + 4), .line("fertile valueless key", end + 16, y, end + 38, y),
      .label("no value", "legend", x: end + 45, y: y + 4),
    ] + (drawing.ancestry.checkpoints.contains { $0.ancestors != nil } ? resampled(end + 112, y) : [])
  }

  private func resampled(_ x: Double, _ y: Double) -> [SVG] {
    [GenealogyDrawing.flag("flag key", x: x + 5, tip: y + 4), .label("resampled", "legend", x: x + 16, y: y + 4)]
  }

  private func marks(_ y: Double) -> [SVG] {
    var x = 20.0
    var content: [SVG] = []
    func add(_ width: Double, _ text: String, _ sample: (Double) -> SVG) {
      content += [sample(x), .label(text, "legend", x: x + width + 7, y: y + 4)]
      x += width + 7 + SVG.width(of: text, fontSize: 11) + 16
    }
    func coordinates(_ numbers: Double...) -> String { numbers.map(SVG.coordinate).joined(separator: " ") }
    if !drawing.ancestry.culls.isEmpty {
      add(9, "culled") { SVG("path", ["class": "culled key", "d": "M\(coordinates($0, y - 4))l8 8m-8 0l8-8"]) }
      add(22, "clone") {
        SVG("path", ["class": "fertile clone key", "d": "M\(coordinates($0, y + 5))c12 0 10-10 22-10"])
      }
      add(22, "has descendants") { .line("fertile valueless key", $0, y, $0 + 22, y) }
      add(22, "has none") { .line("childless valueless key", $0, y, $0 + 22, y) }
    }
    if drawing.ancestry.lines.indices.contains(where: drawing.waits) {
      add(22, "ended, waits") { .line("waiting key", $0, y, $0 + 22, y) }
    }
    if drawing.best != nil {
      add(22, "led to the best") {
        SVG("path", ["class": "ancestry key", "d": "M\(coordinates($0, y))h22", "stroke-width": 9])
      }
    }
    return content
  }
}
