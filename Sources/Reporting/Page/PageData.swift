/// The data of the page's templates. All texts are plain, except that `svg`, `data`, `style` and `script` are markup.
///
/// Mustache also looks up names in the enclosing values. An optional therefore needs a name that no enclosing value
/// has.
struct PageData {
  struct Section {
    let anchor: String
    let heading: String
    let paragraphs: [String]
    let items: [Item]
  }

  /// Exactly one of these is set.
  struct Item {
    var table: Table?
    var picture: Picture?
    var notes: Notes?
    var populations: Populations?
    var archive: Archive?
  }

  struct Table {
    struct Cell {
      /// The CSS class of the alignment.
      let side: String
      let text: String
    }

    struct Row {
      let name: Cell?
      let cells: [Cell]
    }

    let caption: String?
    /// The label for screen readers.
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

  struct Archive {
    /// JSON, safe inside a script element.
    let data: String
  }

  struct Populations {
    struct Story {
      /// The number of the story in the page.
      let number: Int
      /// The name in the list of populations.
      let choice: String
      let task: String
      let method: String
      let request: String
      let svg: String
      /// JSON, safe inside a script element.
      let data: String
    }

    /// Whether there are several populations.
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
