extension Constraint {
  /// The language of the texts that the constraint allows.
  ///
  /// - Throws: ``ConstraintError`` if the constraint is malformed, allows nothing, or asks for something that cannot be
  ///   enforced exactly.
  public func language() throws(ConstraintError) -> AnyByteLanguage {
    let recogniser = try recogniser()
    return AnyByteLanguage(recogniser, classes: recogniser.machine.byteClasses, size: \.size)
  }

  func recogniser() throws(ConstraintError) -> Recogniser {
    switch self {
    case .choices(let texts): try Self.recogniser(choices: texts)
    case .regex(let text): try Self.recogniser(regex: text)
    case .grammar(let text): try Self.recogniser(grammar: text)
    case .schema(let text): try SchemaCompiler.recogniser(text)
    }
  }

  private static func recogniser(choices texts: [String]) throws(ConstraintError) -> Recogniser {
    var rules = Rules()
    _ = rules.add("choices", .texts(texts.map { Array($0.utf8) }))
    guard let recogniser = Recogniser(try machine(rules, .choices)) else {
      throw ConstraintError(.choices, at: .whole, "the list is empty", remedy: "list what is allowed")
    }
    return recogniser
  }

  private static func recogniser(regex text: String) throws(ConstraintError) -> Recogniser {
    let pattern: Pattern
    do {
      pattern = try RegexReader.read(text)
    } catch {
      throw ConstraintError(.regex, at: .character(error.place + 1), error.reason, remedy: error.remedy)
    }
    guard let automaton = try? CharacterAutomaton(pattern) else { throw oversize(.regex) }
    var rules = Rules()
    _ = rules.add("regex", .automaton(automaton, .plain))
    guard let recogniser = Recogniser(try machine(rules, .regex)) else {
      throw ConstraintError(
        .regex, at: .whole, "no text matches the expression",
        remedy: "look for an empty class, or for an anchor inside the text")
    }
    return recogniser
  }

  private static func recogniser(grammar text: String) throws(ConstraintError) -> Recogniser {
    let machine = try machine(GrammarReader.read(text), .grammar)
    // A rule is numbered where it is first mentioned, so that the last one is the least likely to depend on the others.
    if let rule = machine.barren.last { throw GrammarReader.endless(rule, in: text) }
    guard let recogniser = Recogniser(machine) else { throw GrammarReader.endless(0, in: text) }
    return recogniser
  }

  static func machine(_ rules: Rules, _ kind: Kind) throws(ConstraintError) -> Machine {
    guard let machine = try? Machine(rules) else { throw oversize(kind) }
    return machine
  }

  static func oversize(_ kind: Kind) -> ConstraintError {
    ConstraintError(
      kind, at: .whole, "the constraint would need more than \(Machine.mostStates) states",
      remedy: "use smaller numbers of repetitions, or none")
  }
}
