import Foundation
import HTTP
import Tracking

extension TrackingSettings {
  /// Reads the section `tracking`.
  package init(_ yaml: inout YAMLMapping) throws {
    self.init()
    otel = try Self.section(
      &yaml, "otel", "a receiver of OpenTelemetry's traces (OTLP over HTTP): its keys, its URL alone, or `none`",
      bare: { OTelSettings(url: $0) }, OTelSettings.init)
    mlflow = try Self.section(
      &yaml, "mlflow", "a tracking server of MLflow: its keys, its URL alone, or `none`",
      bare: { MLflowSettings(url: $0) }, MLflowSettings.init)
    wandb = try Self.section(
      &yaml, "wandb", "Weights & Biases: its keys, the name of a project alone, or `none`",
      bare: { WandBSettings(project: $0) }, WandBSettings.init)
    try check()
  }

  /// A tracker's keys, or one word that stands for the first of them.
  private static func section<T>(
    _ yaml: inout YAMLMapping, _ key: String, _ help: String, bare: (String) -> T,
    _ body: (inout YAMLMapping) throws -> T
  ) throws -> T? {
    if let word = yaml.word(key, type: "a mapping or a text", default: .none, help) {
      return ["", "none", "null", "~"].contains(word) ? nil : bare(word)
    }
    return try yaml.mapping(key, type: "a mapping or a text", default: .none, help, body)
  }

  private func check() throws {
    if let otel {
      try Self.check(url: otel.url, in: "tracking.otel", allowsPlainHTTP: otel.allowPlainHTTP)
      guard otel.sample > 0, otel.sample <= 1 else {
        throw ConfigurationError("tracking.otel.sample is \(otel.sample); it must be above 0 and at most 1.")
      }
    }
    if let mlflow {
      try Self.check(url: mlflow.url, in: "tracking.mlflow", allowsPlainHTTP: mlflow.allowPlainHTTP)
      if mlflow.experiment.isEmpty { throw ConfigurationError("tracking.mlflow.experiment is empty.") }
    }
    if let wandb, wandb.project.wholeMatch(of: /[^\/\\#?%:\s]{1,128}/) == nil {
      throw ConfigurationError(
        "tracking.wandb.project is not the name of a project: up to 128 characters without spaces or any of /\\#?%:")
    }
    for (key, name) in [
      ("otel.headersVariable", otel?.headersVariable), ("mlflow.tokenVariable", mlflow?.tokenVariable),
      ("wandb.apiKeyVariable", wandb?.apiKeyVariable),
    ] {
      // The value is not quoted, since it may be the secret itself.
      if let name, name.wholeMatch(of: ValueTemplate.variableName) == nil {
        throw ConfigurationError(
          "tracking.\(key) is not the name of an environment variable. Give the variable's name, never what it holds.")
      }
    }
  }

  private static func check(url: String, in section: String, allowsPlainHTTP: Bool) throws {
    if let problem = ServerURL.problem(url, in: section, allowsPlainHTTP: allowsPlainHTTP) {
      throw ConfigurationError("\(section).url \(problem)")
    }
  }
}

extension OTelSettings {
  init(_ yaml: inout YAMLMapping) throws {
    let url = try yaml.text("url", default: .required, "base URL; `/v1/traces` is added if it is missing")
    self.init(url: url ?? "")
    headersVariable = try yaml.text(
      "headersVariable", default: "`\(Self.standardVariable)`, if it is set",
      "name of the environment variable that holds headers, as `name=value,name=value` with values percent-encoded")
    sample = try yaml.number(
      "sample", default: sample, "share of the tasks whose spans are sent, the same tasks in every run")
    content = try yaml.flag(
      "content", default: content, "also sends prompts, answers, actions and observations, each cut at 16 KiB")
    service = try yaml.text("service", default: "`\(service)`", "`service.name` of the spans") ?? service
    allowPlainHTTP = try yaml.flag("allowPlainHTTP", default: false, "permits `http` to hosts other than loopback")
    if url == nil { throw yaml.missing("url", message: "tracking.otel.url is missing: the receiver's base URL.") }
  }
}

extension MLflowSettings {
  init(_ yaml: inout YAMLMapping) throws {
    let url = try yaml.text("url", default: .required, "the server's URL")
    self.init(url: url ?? "")
    experiment =
      try yaml.text("experiment", default: "`\(experiment)`", "name of the experiment; made if it is missing")
      ?? experiment
    tokenVariable = try yaml.text(
      "tokenVariable", default: "`\(Self.standardVariable)`, if it is set",
      "name of the environment variable that holds a bearer token")
    report = try yaml.flag("report", default: report, "uploads the report of `cox report` when a command ends")
    allowPlainHTTP = try yaml.flag("allowPlainHTTP", default: false, "permits `http` to hosts other than loopback")
    if url == nil { throw yaml.missing("url", message: "tracking.mlflow.url is missing: the server's URL.") }
  }
}

extension WandBSettings {
  init(_ yaml: inout YAMLMapping) throws {
    let project = try yaml.text("project", default: .required, "name of the project")
    self.init(project: project ?? "")
    entity = try yaml.text("entity", default: "the login's own", "user or team that owns the project")
    mode = try yaml.choice(
      "mode", default: mode, "`offline` needs no network and no key: `wandb sync` uploads the folder later")
    apiKeyVariable = try yaml.text(
      "apiKeyVariable", default: "`\(Self.standardVariable)`, if it is set",
      "name of the environment variable that holds the key. Without one, that of `wandb login` is used")
    python = try yaml.text("python", default: "found", "the Python that has the package `wandb`")
    report = try yaml.flag("report", default: report, "uploads the report of `cox report` when a command ends")
    if project == nil {
      throw yaml.missing("project", message: "tracking.wandb.project is missing: the name of the project.")
    }
  }
}
