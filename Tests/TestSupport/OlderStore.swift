/// SQL that takes from a store what later versions of the schema have added, so that it is one of an older version.
package enum OlderStore {
  /// Of version 9.
  package static let nine = """
    DROP VIEW runs; DROP VIEW trajectories; DROP VIEW steps; DROP VIEW calls;
    DROP TABLE piece; DROP TABLE prompt; DROP TABLE progress; ALTER TABLE call DROP COLUMN prompt;
    PRAGMA user_version = 9;
    """
  /// Of version 8.
  package static let eight =
    nine
      + """
      ALTER TABLE outcome DROP COLUMN rewards; ALTER TABLE step DROP COLUMN rewards;
      PRAGMA user_version = 8;
      """
  /// Of version 4.
  package static let four =
    eight
      + """
      DROP TABLE tree; ALTER TABLE outcome DROP COLUMN question;
      ALTER TABLE call DROP COLUMN continuation; ALTER TABLE call DROP COLUMN estimatedTokens;
      ALTER TABLE call DROP COLUMN cutOffAnswers; ALTER TABLE trajectory DROP COLUMN failureKind;
      ALTER TABLE outcome DROP COLUMN failureKind; ALTER TABLE outcome DROP COLUMN failure;
      PRAGMA user_version = 4;
      """
  /// Of version 1.
  package static let one =
    four
      + """
      DROP TABLE outcome; DROP TABLE score; ALTER TABLE run DROP COLUMN format;
      ALTER TABLE call DROP COLUMN reasoning; ALTER TABLE call DROP COLUMN logProbability;
      ALTER TABLE call DROP COLUMN cacheWriteTokens; ALTER TABLE call DROP COLUMN savedInputTokens;
      ALTER TABLE call DROP COLUMN attempts; ALTER TABLE call DROP COLUMN isRefusal;
      PRAGMA user_version = 1;
      """
}
