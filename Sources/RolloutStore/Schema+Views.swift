extension Schema {
  /// The store for people, under readable names: `runs`, `trajectories`, `steps`, `calls`. Commands do not use them.
  static let views = """
    DROP VIEW IF EXISTS runs;
    CREATE VIEW runs AS
    SELECT id AS run, verb, method, environmentKind AS environment_kind, environmentRules AS environment_rules,
      policy, format, critic, isPrior AS is_prior, seed, settings, startedAt AS started_at,
      (SELECT COUNT(DISTINCT task) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS tasks,
      (SELECT COUNT(*) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS trajectories,
      (SELECT COUNT(failure) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS failed,
      (SELECT AVG(reward) FROM trajectory WHERE run = r.id AND standing = 'final' AND failure IS NULL) AS reward_mean,
      (SELECT MAX(reward) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked') AND failure IS NULL)
        AS reward_best,
      (SELECT COUNT(*) FROM call WHERE run = r.id AND NOT isRefusal) AS calls,
      (SELECT TOTAL(inputTokens) FROM call WHERE run = r.id) AS input_tokens,
      (SELECT TOTAL(outputTokens) FROM call WHERE run = r.id) AS output_tokens
    FROM run AS r;

    DROP VIEW IF EXISTS trajectories;
    CREATE VIEW trajectories AS
    SELECT t.id, t.run, t.task, task.split, t.particle,
      CASE WHEN t.standing LIKE 'culled %' THEN 'culled' ELSE t.standing END AS standing,
      CASE WHEN t.standing LIKE 'culled %' THEN CAST(substr(t.standing, 8) AS INTEGER) END AS culled_after,
      (SELECT COUNT(*) FROM step WHERE trajectory = t.id) AS steps,
      -- A failed attempt has no reward.
      CASE WHEN t.failure IS NULL THEN t.reward END AS reward,
      t.isDone AS is_done, t.logWeight AS log_weight, t.failureKind AS failure_kind, t.failure,
      task.request, t.opening, t.choices
    FROM trajectory AS t JOIN run ON run.id = t.run
    LEFT JOIN task ON task.environmentKind = run.environmentKind AND task.environmentRules = run.environmentRules
      AND task.id = t.task;

    DROP VIEW IF EXISTS steps;
    CREATE VIEW steps AS
    SELECT s.trajectory, t.run, t.task, t.particle, s.number, s.response, s.action, s.isParsed AS is_parsed,
      s.observation, s.choices, s.reward, s.rewards, s.isDone AS is_done, s.isInvalid AS is_invalid
    FROM step AS s JOIN trajectory AS t ON t.id = s.trajectory;

    DROP VIEW IF EXISTS calls;
    CREATE VIEW calls AS
    SELECT run, task, particle, step, prompt, response, reasoning, logProbability AS log_probability,
      inputTokens AS input_tokens, cachedInputTokens AS cached_input_tokens, cacheWriteTokens AS cache_write_tokens,
      savedInputTokens AS saved_input_tokens, outputTokens AS output_tokens, reasoningTokens AS reasoning_tokens,
      estimatedTokens AS estimated_tokens, cutOffAnswers AS cut_off_answers, seconds, attempts,
      isRefusal AS is_refusal, answeredAt AS answered_at
    FROM call;
    """
}
