import Agents

extension Dialect {
  /// The built-in dialects.
  public static let builtIn: [Dialect] = [
    .sciworld, .textcraft, .webshop, .alfworld, .babyai, .sqlgym, .maze, .movie, .weather,
  ]

  /// agentenv-sciworld: ScienceWorld. One Java process for each environment; the server never ends it by itself.
  public static let sciworld: Dialect = {
    var dialect = Dialect(
      "sciworld", stepLimit: 30)
    dialect.taskText = "task_description"
    // The reward of a step is the difference in the score. The score itself is used, since it survives a lost answer.
    dialect.reward = "score"
    dialect.payment = .cumulative
    dialect.rewardScale = 100
    dialect.maximalReward = 1
    dialect.taskCount = 4639
    dialect.invalidPrefixes = ["No known action matches that input."]
    dialect.episodesPerEnvironment = 50
    dialect.greeting = "ScienceWorld"
    dialect.startCommand = "sciworld --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-textcraft: crafting from a list of recipes. The server maps numbers past the last task to other tasks.
  public static let textcraft: Dialect = {
    var dialect = Dialect("textcraft", stepLimit: 40)
    dialect.maximalReward = 1
    dialect.taskCount = 544
    dialect.invalidPrefixes = ["Could not ", "Wrong item format"]
    dialect.greeting = "TextCraft"
    dialect.startCommand = "textcraft --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-webshop: WebShop. Older servers cannot close an environment, so it plays one episode after another.
  public static let webshop: Dialect = {
    var dialect = Dialect("webshop", stepLimit: 15)
    dialect.idKey = "env_idx"
    dialect.createdID = ""
    dialect.taskKey = "session_id"
    dialect.openingObservation = "0"
    dialect.observation = "state"
    dialect.maximalReward = 1
    dialect.episodesPerEnvironment = 0
    dialect.greeting = "ok"
    dialect.startCommand = "webshop --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-alfworld: household tasks. Every answer lists the admissible actions.
  public static let alfworld: Dialect = {
    var dialect = Dialect(
      "alfworld", stepLimit: 30)
    dialect.taskKey = "game"
    dialect.resetFields = ["world_type": "Text"]
    dialect.choices = "available_actions"
    // "Won" stays 1 once the task is solved.
    dialect.payment = .cumulative
    dialect.maximalReward = 1
    dialect.invalidPrefixes = ["Nothing happens"]
    dialect.greeting = "AlfWorld"
    dialect.startCommand = "alfworld --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-babyai: forty levels of a grid world by text; the task's number is level + 40 × seed, so there is no
  /// last one.
  public static let babyai: Dialect = {
    var dialect = Dialect("babyai", stepLimit: 20)
    // The server repeats the reward of the last action that changed something after every action that changed nothing.
    // Late successes pay it without ending the game.
    dialect.payment = .highest
    dialect.maximalReward = 1
    dialect.invalidPrefixes = ["The action is not recognized", "There is a barrier in front of you"]
    dialect.episodesPerEnvironment = 0
    dialect.greeting = "BabyAI"
    dialect.startCommand = "babyai --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-sqlgym: questions on the BIRD databases. The server keeps eight environments; a ninth request gets the
  /// first one again.
  public static let sqlgym: Dialect = {
    var dialect = Dialect(
      "sqlgym", stepLimit: 1)
    dialect.close = nil
    dialect.idKey = "env_idx"
    dialect.createdID = ""
    dialect.taskKey = "item_id"
    dialect.openingObservation = "0"
    dialect.observation = "state"
    dialect.maximalReward = 1
    dialect.taskCount = 10_962
    dialect.episodesPerEnvironment = 0
    dialect.environmentsPerServer = 8
    dialect.greeting = "ok"
    dialect.startCommand = "sqlgym --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-lmrlgym's maze, under `/maze` of its server. The last of its 26 games starts at the goal and is left out.
  public static let maze: Dialect = {
    var dialect = Dialect("maze", stepLimit: 15)
    dialect.close = nil
    dialect.taskKey = "game"
    dialect.maximalReward = 1
    dialect.taskCount = 25
    dialect.episodesPerEnvironment = 0
    dialect.greeting = "LMRL-Gym"
    dialect.startCommand = "lmrlgym --host 127.0.0.1 --port 36001"
    return dialect
  }()

  /// agentenv-tool's movie: questions on films, answered by calls of The Movie Database, whose answers change with time.
  public static let movie = tools("movie", stepLimit: 12, tasks: 238)

  /// agentenv-tool's weather: questions on weather, answered by calls of Open-Meteo. The server pays 1 as soon as one part
  /// of the answer is right.
  public static let weather = tools("weather", stepLimit: 10, tasks: 343)

  /// What the servers of agentenv-tool share. An action is `NAME with Action Input: {…}`, and `finish` ends the attempt.
  private static func tools(_ name: String, stepLimit: Int, tasks: Int) -> Dialect {
    var dialect = Dialect(name, stepLimit: stepLimit)
    dialect.close = nil
    dialect.idKey = "env_idx"
    dialect.createdID = ""
    dialect.createFields = ["id": 0]
    dialect.taskKey = "id"
    // Without it the server finds a name and parameters, but carries nothing out.
    dialect.actionPrefix = "Action: "
    dialect.openingObservation = ""
    // The share of right parts so far, whatever came after.
    dialect.payment = .highest
    dialect.maximalReward = 1
    dialect.taskCount = tasks
    dialect.invalidPrefixes = ["Format error", "Observation: ERROR |"]
    dialect.episodesPerEnvironment = 0
    dialect.greeting = "ok"
    dialect.startCommand = "\(name) --host 127.0.0.1 --port 36001"
    return dialect
  }

  /// Instructions for dialects of worlds that Coxswain does not implement itself; nil for all others.
  public var prompting: Prompting? {
    switch name {
    case "alfworld": Prompting(String(decoding: PackageResources.alfworld_txt, as: UTF8.self))
    case "babyai": Prompting(String(decoding: PackageResources.babyai_txt, as: UTF8.self))
    case "sqlgym": Prompting(String(decoding: PackageResources.sqlgym_txt, as: UTF8.self))
    case "movie": Prompting(String(decoding: PackageResources.movie_txt, as: UTF8.self))
    case "weather": Prompting(String(decoding: PackageResources.weather_txt, as: UTF8.self))
    default: nil
    }
  }
}
