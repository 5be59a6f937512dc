import Agents

extension Dialect {
  /// The built-in dialects.
  public static let builtIn: [Dialect] = [.sciworld, .textcraft, .webshop, .alfworld, .babyai, .sqlgym, .maze]

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

  /// Instructions for dialects of worlds that Coxswain does not implement itself; nil for all others.
  public var prompting: Prompting? {
    switch name {
    case "alfworld": Prompting(String(decoding: PackageResources.alfworld_txt, as: UTF8.self))
    case "babyai": Prompting(String(decoding: PackageResources.babyai_txt, as: UTF8.self))
    case "sqlgym": Prompting(String(decoding: PackageResources.sqlgym_txt, as: UTF8.self))
    default: nil
    }
  }
}
