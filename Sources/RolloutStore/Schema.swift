import GRDB

enum Schema {
  /// "COXW" in the file's header distinguishes a store from other SQLite files.
  static let applicationID: Int32 = 0x434F_5857
  /// Raised with every change that older versions of Coxswain cannot read.
  static let version = 10

  /// Rejects a file that is not a store, or one that this version cannot read.
  static func check(_ database: Database, path: String) throws {
    let application = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    guard application == applicationID else {
      throw StoreError(
        .wrongVersion, "\(path) is a database, but not a Coxswain store. Give another path, or move the file away.")
    }
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard (1...self.version).contains(version) else {
      throw StoreError(
        .wrongVersion,
        """
        \(path) is a store of version \(version); this cox reads versions 1 to \(self.version). \
        Use the version that wrote it, or give another path.
        """)
    }
  }

  /// Whether the store has exactly this version. Throws if this version cannot read it.
  static func isCurrent(_ database: Database, path: String) throws -> Bool {
    guard try !isEmpty(database) else { return false }
    try check(database, path: path)
    return try Int.fetchOne(database, sql: "PRAGMA user_version") == version
  }

  /// Creates the tables in an empty file, or migrates an older store.
  static func prepare(_ database: Database, path: String) throws {
    if try isEmpty(database) {
      try database.execute(sql: tables)
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    } else {
      try check(database, path: path)
    }
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    if version < 2 { try database.execute(sql: secondVersion) }
    if version < 3 { try database.execute(sql: thirdVersion) }
    if version < 4 { try database.execute(sql: fourthVersion) }
    if version < 5 { try database.execute(sql: fifthVersion) }
    if version < 6 { try database.execute(sql: sixthVersion) }
    if version < 7 { try database.execute(sql: seventhVersion) }
    if version < 8 { try database.execute(sql: eighthVersion) }
    if version < 9 { try database.execute(sql: ninthVersion) }
    if version < 10 { try database.execute(sql: tenthVersion) }
    guard version < self.version else { return }
    try database.execute(sql: views)
    try database.execute(sql: "PRAGMA user_version = \(self.version)")
  }

  /// Whether the file was never written to.
  static func isEmpty(_ database: Database) throws -> Bool {
    let application = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
    return application == 0 && tables == 0
  }

  /// What version 2 adds to version 1.
  private static let secondVersion = """
    ALTER TABLE run ADD COLUMN format TEXT;
    ALTER TABLE call ADD COLUMN reasoning TEXT;
    ALTER TABLE call ADD COLUMN logProbability REAL;
    ALTER TABLE call ADD COLUMN cacheWriteTokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE call ADD COLUMN savedInputTokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE call ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1;
    -- The policy refused to answer: `response` says why, and nothing was paid.
    ALTER TABLE call ADD COLUMN isRefusal INTEGER NOT NULL DEFAULT 0;
    """

  /// Version 3 adds the outcomes of worlds.
  private static let thirdVersion = """
    -- What a world answered to an action, under the place in the run where it was taken; step 0 is the opening, step n the
    -- outcome of the n-th action. `past` is a digest of everything before it.
    CREATE TABLE outcome (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, particle INTEGER NOT NULL, step INTEGER NOT NULL,
      past TEXT NOT NULL, action TEXT NOT NULL,
      observation TEXT NOT NULL, choices TEXT,
      reward REAL NOT NULL, isDone INTEGER NOT NULL, isInvalid INTEGER NOT NULL,
      PRIMARY KEY (run, task, particle, step)
    ) STRICT, WITHOUT ROWID;
    """

  /// Version 4 adds the scores that a model in process gives to rollouts.
  private static let fourthVersion = """
    -- The figures of a rollout's tokens under a model (log-probability, entropy, likeliest tokens), as JSON.
    CREATE TABLE score (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, particle INTEGER NOT NULL,
      -- What scored it: model, adapter, endpoint, temperature.
      scorer TEXT NOT NULL,
      figures TEXT NOT NULL,
      PRIMARY KEY (run, task, particle, scorer)
    ) STRICT, WITHOUT ROWID;
    """

  /// Version 5 adds which tokens were estimated, which answers were cut off, and the kinds of failures.
  private static let fifthVersion = """
    -- Of the input and output tokens, those that were estimated from the text.
    ALTER TABLE call ADD COLUMN estimatedTokens INTEGER NOT NULL DEFAULT 0;
    -- 1 for an answer that ended because it may be no longer.
    ALTER TABLE call ADD COLUMN cutOffAnswers INTEGER NOT NULL DEFAULT 0;
    -- What kind of failure `failure` says in words; NULL where an older version stored it.
    ALTER TABLE trajectory ADD COLUMN failureKind TEXT;
    -- The attempt failed over the action: what kind of failure, and in words. The rest of the row then says nothing.
    ALTER TABLE outcome ADD COLUMN failureKind TEXT;
    ALTER TABLE outcome ADD COLUMN failure TEXT;
    """

  /// Version 6 adds continuations, which servers expect back with later questions.
  private static let sixthVersion = """
    -- What the policy's server wants to see again beside this answer in later questions, in the policy's own form.
    ALTER TABLE call ADD COLUMN continuation TEXT;
    """

  /// Version 7 adds the trees of frontier searches.
  private static let seventhVersion = """
    -- The visited states of a frontier search and its choices in order, as JSON.
    CREATE TABLE tree (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, states TEXT NOT NULL,
      PRIMARY KEY (run, task)
    ) STRICT, WITHOUT ROWID;
    """

  /// Version 8 adds the questions of agents' own programs.
  private static let eighthVersion = """
    -- The question that an agent's own program asks its model, as JSON: its digest, and the question relative to the one
    -- before it.
    ALTER TABLE outcome ADD COLUMN question TEXT;
    """

  /// Version 9 adds the named parts of rewards.
  private static let ninthVersion = """
    -- An object of numbers; NULL if the world names no parts.
    ALTER TABLE outcome ADD COLUMN rewards TEXT;
    ALTER TABLE step ADD COLUMN rewards TEXT;
    """

  /// Version 10 adds prompts, the progress of runs, and views for people.
  private static let tenthVersion = """
    -- A text that occurs in prompts, under a digest of it. Compressed: its length as 8 bytes, least first, then zlib's stream.
    CREATE TABLE piece (id INTEGER PRIMARY KEY, isCompressed INTEGER NOT NULL, text BLOB NOT NULL) STRICT;
    -- A part of a prompt, under a digest of all parts up to it; `parent` is the part before. The text stands here, or is a
    -- piece.
    CREATE TABLE prompt (
      id INTEGER PRIMARY KEY, parent INTEGER, role TEXT NOT NULL, text TEXT, piece INTEGER
    ) STRICT;
    -- The last part of the prompt; NULL for answers of older versions and for questions of agents' own programs.
    ALTER TABLE call ADD COLUMN prompt INTEGER;
    -- How far a run is, as JSON, for those who watch it.
    CREATE TABLE progress (run TEXT PRIMARY KEY, figures TEXT NOT NULL, updatedAt TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """

  private static let tables = """
    -- A run is everything that decides its answers; its id is a digest of that.
    CREATE TABLE run (
      id TEXT PRIMARY KEY, verb TEXT NOT NULL, method TEXT NOT NULL,
      environmentKind TEXT NOT NULL, environmentRules TEXT NOT NULL, policy TEXT NOT NULL, critic TEXT,
      isPrior INTEGER NOT NULL, seed INTEGER NOT NULL, settings TEXT NOT NULL,
      startedAt TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) STRICT;

    CREATE TABLE task (
      environmentKind TEXT NOT NULL, environmentRules TEXT NOT NULL, id TEXT NOT NULL,
      split TEXT, request TEXT NOT NULL, stepLimit INTEGER NOT NULL,
      PRIMARY KEY (environmentKind, environmentRules, id)
    ) STRICT, WITHOUT ROWID;

    -- Every answer that was paid for, under the place in the run where it is used.
    CREATE TABLE call (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, particle INTEGER NOT NULL, step INTEGER NOT NULL,
      promptDigest TEXT NOT NULL, response TEXT NOT NULL,
      inputTokens INTEGER NOT NULL, cachedInputTokens INTEGER NOT NULL,
      outputTokens INTEGER NOT NULL, reasoningTokens INTEGER NOT NULL,
      seconds REAL NOT NULL, answeredAt TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
      PRIMARY KEY (run, task, particle, step)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE trajectory (
      id INTEGER PRIMARY KEY,
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, particle INTEGER NOT NULL,
      -- 'final' at the end of the run; 'banked': finished, and culled later; 'culled 4': culled after 4 steps, with those
      -- steps alone that it took after it was cloned.
      standing TEXT NOT NULL,
      opening TEXT NOT NULL, choices TEXT,
      reward REAL NOT NULL, isDone INTEGER NOT NULL, logWeight REAL, failure TEXT,
      UNIQUE (run, task, particle, standing)
    ) STRICT;

    CREATE TABLE step (
      trajectory INTEGER NOT NULL REFERENCES trajectory(id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      response TEXT NOT NULL, action TEXT NOT NULL, isParsed INTEGER NOT NULL,
      observation TEXT NOT NULL, choices TEXT,
      reward REAL NOT NULL, isDone INTEGER NOT NULL, isInvalid INTEGER NOT NULL,
      PRIMARY KEY (trajectory, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE checkpoint (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, step INTEGER NOT NULL,
      effectiveSampleSize REAL NOT NULL, logEvidence REAL, isResampled INTEGER NOT NULL,
      PRIMARY KEY (run, task, step)
    ) STRICT, WITHOUT ROWID;

    -- One row per particle and checkpoint, as weighed before the resampling; a NULL log-weight is −∞.
    CREATE TABLE weighing (
      run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      task TEXT NOT NULL, step INTEGER NOT NULL, particle INTEGER NOT NULL,
      logWeight REAL, softValue REAL NOT NULL, ancestor INTEGER NOT NULL,
      PRIMARY KEY (run, task, step, particle)
    ) STRICT, WITHOUT ROWID;
    """
}
