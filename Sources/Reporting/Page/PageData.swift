/// What the templates of the page show. Every text is plain; `svg`, `data`, `style` and `script` are markup already.
///
/// Mustache looks for a name in the enclosing values, too, so an optional has a name that none of them has.
struct PageData {
  struct Section {
    let anchor: String
    let heading: String
    let paragraphs: [String]
    let items: [Item]
  }

  /// One of these.
  struct Item {
    var table: Table?
    var picture: Picture?
    var notes: Notes?
    var populations: Populations?
  }

  struct Table {
    struct Cell {
      /// The class that says which side it keeps to.
      let side: String
      let text: String
    }

    struct Row {
      let name: Cell?
      let cells: [Cell]
    }

    let caption: String?
    /// What a screen reader says of it.
    let label: String
    let headings: [Cell]
    let rows: [Row]
  }

  struct Picture {
    let svg: String
    let caption: String
  }

  struct Notes {
    let entries: [String]
  }

  struct Populations {
    struct Story {
      /// Counted over the whole page.
      let number: Int
      /// What the list of populations calls it.
      let choice: String
      let task: String
      let method: String
      let request: String
      let svg: String
      /// JSON that is safe inside a script element.
      let data: String
    }

    /// Whether there are several.
    let hasChoice: Bool
    let stories: [Story]
  }

  let title: String
  let subtitle: String?
  let hasSections: Bool
  let sections: [Section]
  let style: String
  let styleDigest: String
  let script: String
  let scriptDigest: String
}
