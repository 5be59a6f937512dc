// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// What a world tells an agent before the task.
let prompts: [Resource] = [.embedInCode("Prompts/instructions.txt"), .embedInCode("Prompts/reflection.txt")]

/// Debug builds read whole models, too. Only where set-up has run: a package that depends on this one takes no unsafe flags.
let optimised: [SwiftSetting] =
  FileManager.default.fileExists(atPath: Context.packageDirectory + "/.venv/open-weights")
  ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []

let package = Package(
  name: "coxswain",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "cox", targets: ["cox"]),
    // Everything that a program needs to steer, train and plan.
    .library(name: "Coxswain", targets: ["Coxswain"]),
    // The laws that a world, policy or critic of one's own has to keep, and doubles for tests.
    .library(name: "CoxswainTesting", targets: ["CoxswainTesting"]),
    // Answers of models with open weights drawn by Sequential Monte Carlo over their tokens.
    .library(name: "TokenSteering", targets: ["Constraints", "OpenWeights", "TokenSteering"]),
    .library(
      name: "Worlds",
      targets: [
        "WorldKit", "Orders", "Arithmetic", "TextCraft", "Shop", "JavaBridge", "ScienceWorld", "TextWorldExpress",
        "AgentGym", "OpenEnv", "ORS", "ProcessWorld",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // Without its configuration and HTTP/2 traits: a server on loopback needs neither.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // The vocabulary. Depends on nothing, and everything depends on it.
    .target(name: "Agents"),

    // Pure: no input or output, no clock, no concurrency.
    .target(name: "ParticleFilter", dependencies: ["Agents"]),

    // What worlds that are far away or slow share: recovery, replay and comparison, seating of episodes on scarce places.
    .target(name: "WorldKit", dependencies: ["Agents"]),

    // What may follow, byte by byte: regular expressions, JSON schemas, grammars, lists of choices. Pure.
    .target(name: "Constraints", dependencies: ["Agents"], swiftSettings: optimised),

    // Sequential Monte Carlo over tokens: potentials, samplers, inference, programs. Knows no engine.
    .target(
      name: "TokenSteering", dependencies: ["Agents", "Constraints", "ParticleFilter"], swiftSettings: optimised),

    // What is in the files of a model with open weights. Pure Swift, since nobody vouches for such files.
    .target(name: "ModelFiles", dependencies: ["Agents"], swiftSettings: optimised),

    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "RolloutStore",
      dependencies: ["Agents", "CZlib", "ParticleFilter", .product(name: "GRDB", package: "GRDB.swift")]),

    .target(
      name: "Steering",
      dependencies: [
        "Agents", "ParticleFilter", "RolloutStore", "WorldKit",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ]),

    // Reports runs to backends of others, which never slow them: OpenTelemetry, MLflow, Weights & Biases.
    .target(
      name: "Tracking",
      dependencies: [
        "Agents", "ChildProcess", "HTTP", "Steering",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      resources: [.embedInCode("WandB/wandb_runs.py")]),

    // What stored rollouts say: diagnosis, planning, comparison, study.
    .target(name: "Findings", dependencies: ["Agents", "ParticleFilter", "Steering"]),

    // One exchange with a server, for policies and for worlds that are served.
    .target(
      name: "HTTP",
      dependencies: [
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),

    // Programs that are started here: what they get of the environment, and that none outlives this process.
    .target(
      name: "ChildProcess", dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),

    // One exchange with a server of models: endpoint, retries, gates, and what its errors mean.
    .target(
      name: "ModelServers",
      dependencies: [
        "Agents", "HTTP",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),

    // What agents' programs and model servers say to each other: one neutral form, and the APIs that are translated by it.
    .target(name: "Dialects", dependencies: ["Agents"]),

    .target(
      name: "Policies",
      dependencies: [
        "Agents", "ChildProcess", "Dialects", "HTTP", "ModelServers",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      resources: [.embedInCode("Local/local_server.py")]),

    .systemLibrary(
      name: "CXGBoost", pkgConfig: "xgboost", providers: [.apt(["libxgboost-dev"]), .brew(["xgboost"])]),
    .target(
      name: "Critics",
      dependencies: [
        "Agents", "CXGBoost", "HTTP", "ModelServers", .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),

    .target(name: "Orders", dependencies: ["Agents"], path: "Sources/Environments/Orders"),
    .target(name: "Arithmetic", dependencies: ["Agents"], path: "Sources/Environments/Arithmetic"),
    .target(
      name: "TextCraft", dependencies: ["Agents"], path: "Sources/Environments/TextCraft",
      resources: prompts + [.embedInCode("Prompts/brief.txt")]),

    .target(
      name: "Shop", dependencies: ["Agents", "ChildProcess", .product(name: "GRDB", package: "GRDB.swift")],
      path: "Sources/Environments/Shop",
      resources: prompts),

    // Simulators in jars: a pool of Java processes, over Py4J's text protocol.
    .target(
      name: "JavaBridge",
      dependencies: [
        "Agents", "ChildProcess", "WorldKit",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .target(
      name: "TextWorldExpress", dependencies: ["Agents", "JavaBridge", "WorldKit"],
      path: "Sources/Environments/TextWorldExpress"),
    .target(
      name: "ScienceWorld", dependencies: ["Agents", "JavaBridge", "WorldKit"],
      path: "Sources/Environments/ScienceWorld", resources: prompts + [.embedInCode("catalogue.json")]),

    .target(
      name: "AgentGym",
      dependencies: [
        "Agents", "HTTP", "WorldKit",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      path: "Sources/Environments/AgentGym",
      resources: ["alfworld", "babyai", "movie", "sqlgym", "weather"].map { .embedInCode("Prompts/\($0).txt") }),

    .target(
      name: "OpenEnv",
      dependencies: [
        "Agents", "HTTP", "WorldKit",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
      ],
      path: "Sources/Environments/OpenEnv"),

    .target(
      name: "ORS",
      dependencies: [
        "Agents", "HTTP", "WorldKit",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      path: "Sources/Environments/ORS"),

    .target(
      name: "ProcessWorld", dependencies: ["Agents", "ChildProcess", "Dialects", "WorldKit"],
      path: "Sources/Environments/Process"),

    // Stands in for a model's provider before an agent's own program.
    .target(
      name: "Gateway",
      dependencies: [
        "Agents", "ChildProcess", "Dialects", "WorldKit",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),

    .target(
      name: "Reporting",
      dependencies: [
        "Agents", "Dialects", "Findings", "ParticleFilter", "Steering",
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      resources: ["page", "section", "table", "populations", "trajectories"].map {
        .embedInCode("Page/Templates/\($0).mustache")
      }
        + ["report.css", "parts.js", "story.js", "transcript.js", "marks.js", "browser.js", "archive.js"].map {
          .embedInCode("Page/\($0)")
        }),

    // The page about a store, while it is written to or afterwards.
    .target(
      name: "Viewer",
      dependencies: [
        "Agents", "Dialects", "ParticleFilter", "Reporting", "RolloutStore", "Steering",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      resources: [
        "view.html", "view.css", "icon.svg", "view.js", "lists.js", "talk.js", "live.js", "keys.js", "figures.js",
        "pictures.js",
      ].map { .embedInCode("Page/\($0)") }),

    // A C face of MLX, which is found while the program runs. What is behind it is in Native/MLX.
    .target(name: "CMLX"),
    .target(name: "Tensors", dependencies: ["CMLX"]),
    .target(
      name: "OpenWeights",
      dependencies: ["Agents", "Constraints", "Dialects", "ModelFiles", "ParticleFilter", "Tensors", "TokenSteering"]),

    // The laws that a user's own world, policy or critic has to keep, and doubles for tests.
    .target(name: "CoxswainTesting", dependencies: ["Agents", "TokenSteering", "WorldKit"]),

    // What a command does, without a terminal.
    .target(
      name: "Workbench",
      dependencies: [
        "Agents", "AgentGym", "Arithmetic", "ChildProcess", "Constraints", "Critics", "Dialects", "Findings", "Gateway",
        "HTTP", "JavaBridge",
        "ModelFiles",
        "ModelServers", "OpenEnv", "OpenWeights", "Orders", "ORS",
        "ParticleFilter", "Policies", "ProcessWorld", "Reporting",
        "RolloutStore", "ScienceWorld", "Shop", "Steering", "Tensors", "TextCraft", "TextWorldExpress",
        "TokenSteering", "Tracking",
        "Viewer",
        .product(name: "Yams", package: "Yams"),
      ],
      resources: [.embedInCode("Exporting/parquet.py"), .embedInCode("Importing/eval.py")]),

    // An OpenAI-compatible server before a world: one request is one task.
    .target(
      name: "Serving",
      dependencies: [
        "Agents", "Dialects", "Findings", "Reporting", "Steering", "Workbench",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),

    // What another package imports.
    .target(
      name: "Coxswain",
      dependencies: [
        "Agents", "Critics", "Findings", "ModelServers", "ParticleFilter", "Policies", "RolloutStore", "Steering",
        "Workbench", "WorldKit",
      ]),

    .executableTarget(
      name: "cox",
      dependencies: [
        "Agents", "Constraints", "CoxswainTesting", "Critics", "Findings", "Gateway", "HTTP", "ModelFiles",
        "OpenWeights",
        "ParticleFilter", "Policies", "Reporting", "RolloutStore", "Serving", "Steering", "Tensors", "Workbench",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("Templates/world.py"), .embedInCode("Templates/agent.py")]),

    .executableTarget(
      name: "benchmark",
      dependencies: [
        "Agents", "Critics", "Findings", "HTTP", "ModelServers", "ParticleFilter", "RolloutStore", "Steering",
        "Policies",
        "TestSupport", "Arithmetic", "Constraints", "CoxswainTesting", "Orders", "TokenSteering", "Workbench",
        "ModelFiles", "OpenWeights", "Tensors",
        "TextCraft",
        "AgentGym", "JavaBridge", "OpenEnv", "Shop", "ScienceWorld", "TextWorldExpress", "ProcessWorld",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
      ],
      path: "Benchmarks"),
    .executableTarget(
      name: "SteerACoin", dependencies: ["Coxswain"], path: "Examples/SteerACoin"),

    // The code of the documentation; `Scripts/snippets.py --check` compares them.
    .executableTarget(name: "Snippets", dependencies: ["Coxswain", "CoxswainTesting"], path: "Examples/Snippets"),

    // Models of texts as programs, which the documentation quotes.
    .executableTarget(
      name: "TokenPrograms", dependencies: ["Agents", "TokenSteering"], path: "Examples/TokenPrograms"),

    .executableTarget(name: "Countdown", path: "Examples/Countdown"),

    // The program of the package Tests/Consumer, which is compiled here too, so that it is always tested.
    .executableTarget(name: "Consumer", dependencies: ["Coxswain"], path: "Tests/Consumer/Sources/Consumer"),

    // A parent that tests kill, to see what becomes of its children.
    .executableTarget(name: "Parent", dependencies: ["ChildProcess"], path: "Tests/Parent"),

    // Doubles for faults and for load, shared by tests and benchmarks.
    .target(
      name: "TestSupport",
      dependencies: [
        "Agents", "JavaBridge", "ParticleFilter", "RolloutStore", "Steering",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      path: "Tests/TestSupport"),

    // A trait, apart from what benchmarks use too: it needs the testing library.
    .target(name: "TestTraits", dependencies: ["Tensors", "TestSupport"], path: "Tests/TestTraits"),

    .testTarget(name: "AgentsTests", dependencies: ["Agents", "Policies"]),
    .testTarget(
      name: "ConstraintsTests", dependencies: ["Agents", "Constraints", "TestSupport"], exclude: ["reference.py"]),
    .testTarget(name: "WorldKitTests", dependencies: ["Agents", "WorldKit"]),
    .testTarget(
      name: "CoxswainTestingTests", dependencies: ["Agents", "Arithmetic", "CoxswainTesting", "Orders", "WorldKit"]),
    .testTarget(name: "DialectsTests", dependencies: ["Agents", "Dialects"], exclude: ["Captured", "clients.py"]),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Agents", "ChildProcess", "Dialects", "Gateway", "ParticleFilter", "Policies", "RolloutStore", "Steering",
        "TestSupport",
        "TestTraits", "Workbench",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .testTarget(name: "ChildProcessTests", dependencies: ["ChildProcess", "TestSupport"]),
    .testTarget(
      name: "AgentGymTests",
      dependencies: [
        "AgentGym", "Agents", "CoxswainTesting", "HTTP", "ParticleFilter", "Steering", "TestTraits", "TestSupport",
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["toy_server.py"]),
    .testTarget(
      name: "OpenEnvTests",
      dependencies: [
        "OpenEnv", "Agents", "CoxswainTesting", "HTTP", "ParticleFilter", "RolloutStore", "Steering", "TestTraits",
        "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["Servers"]),
    .testTarget(
      name: "ORSTests",
      dependencies: [
        "ORS", "Agents", "CoxswainTesting", "ParticleFilter", "Steering", "TestTraits", "TestSupport", "Workbench",
      ], exclude: ["environments.py"]),
    .testTarget(name: "ParticleFilterTests", dependencies: ["ParticleFilter"]),
    .testTarget(
      name: "RolloutStoreTests",
      dependencies: ["RolloutStore", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(
      name: "ModelFilesTests", dependencies: ["Agents", "ModelFiles", "TestSupport"],
      exclude: ["reference_tokenizers.py", "reference_templates.py", "ChatTemplates", "make_blocks.py", "blocks.json"]),
    .testTarget(
      name: "TokenSteeringTests",
      dependencies: ["Agents", "Constraints", "CoxswainTesting", "ParticleFilter", "TokenSteering"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestTraits"]),
    .testTarget(
      name: "OpenWeightsTests",
      dependencies: [
        "OpenWeights", "Agents", "Constraints", "CoxswainTesting", "ModelFiles", "Orders", "ParticleFilter", "Tensors",
        "TestSupport", "TestTraits", "TokenSteering",
      ],
      exclude: ["reference_models.py", "make_adapters.py", "Adapters"]),
    .testTarget(name: "OrdersTests", dependencies: ["Orders"]),
    .testTarget(name: "ArithmeticTests", dependencies: ["Arithmetic"]),
    .testTarget(name: "SteeringTests", dependencies: ["CoxswainTesting", "Findings", "Steering", "TestSupport"]),
    .testTarget(name: "FindingsTests", dependencies: ["Findings", "Steering", "TestSupport"]),
    .testTarget(
      name: "ShopTests", dependencies: ["Shop", "Agents", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(
      name: "JavaBridgeTests",
      dependencies: [
        "Agents", "JavaBridge", "ScienceWorld", "TestSupport", "TextWorldExpress",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .testTarget(
      name: "ScienceWorldTests", dependencies: ["JavaBridge", "ScienceWorld", "Agents", "TestTraits", "TestSupport"]),
    .testTarget(
      name: "TextWorldExpressTests",
      dependencies: [
        "Agents", "JavaBridge", "TestSupport", "TestTraits", "TextWorldExpress",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["walk.py"]),
    .testTarget(
      name: "ProcessWorldTests", dependencies: ["CoxswainTesting", "ProcessWorld", "Steering", "TestSupport"]),
    .testTarget(name: "TextCraftTests", dependencies: ["TestSupport", "TextCraft"]),
    .testTarget(
      name: "CriticsTests", dependencies: ["Critics", "Findings", "ModelServers", "Policies", "TestSupport"]),
    .testTarget(
      name: "WorkbenchTests",
      dependencies: [
        "Agents", "Constraints", "Dialects", "OpenWeights", "ParticleFilter", "Policies", "RolloutStore", "Steering",
        "TestSupport", "Workbench",
      ]),
    .testTarget(
      name: "ServingTests", dependencies: ["Agents", "Dialects", "Serving", "Steering", "TestSupport", "Workbench"]),
    .testTarget(
      name: "TrackingTests",
      dependencies: [
        "Agents", "CoxswainTesting", "HTTP", "ParticleFilter", "RolloutStore", "Steering", "TestSupport", "Tracking",
      ], exclude: ["parse_otlp.py", "mlflow_exchange.jsonl"]),
    .testTarget(
      name: "CoxTests",
      dependencies: [
        "cox", "AgentGym", "Findings", "HTTP", "ScienceWorld", "TestTraits", "TestSupport", "Tracking", "Workbench",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .testTarget(
      name: "ReportingTests", dependencies: ["Reporting", "Agents", "Findings", "ParticleFilter", "Steering"]),
    .testTarget(
      name: "BrowserTests",
      dependencies: [
        "Reporting", "Agents", "Findings", "ParticleFilter", "RolloutStore", "TestSupport", "TestTraits", "Viewer",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .testTarget(
      name: "ViewerTests",
      dependencies: [
        "Agents", "RolloutStore", "Steering", "TestSupport", "Viewer",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .testTarget(
      name: "PoliciesTests",
      dependencies: [
        "HTTP", "ModelServers", "Policies", "TestTraits", "TestSupport",
        .product(name: "MetricsTestKit", package: "swift-metrics"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], exclude: ["type_models.py", "ways.py"]),
  ],
  swiftLanguageModes: [.v6]
)
