import Foundation

/// The environment variables of a child process: those that programs need to run, without secrets.
///
/// A world, a simulator or a model server is third-party code and has no use for keys exported in the shell, so secrets
/// are passed only if they are named.
public struct ChildEnvironment: Sendable, Hashable {
  /// Names of variables that are passed in addition, whatever they hold.
  public var passing: Set<String>
  /// Names of variables that the configuration names as keys. They are withheld, as is every variable with the same
  /// value as one of them.
  public var keys: Set<String>

  /// Variables that are set in addition, whatever this process has under their names.
  public var setting: [String: String]

  /// Passes no secret by default.
  public init(passing: Set<String> = [], keys: Set<String> = [], setting: [String: String] = [:]) {
    self.passing = passing
    self.keys = keys
    self.setting = setting
  }

  /// The variables that a child gets.
  public var variables: [String: String] {
    variables(from: ProcessInfo.processInfo.environment).merging(setting) { $1 }
  }

  /// - Parameter all: the variables to choose from.
  public func variables(from all: [String: String]) -> [String: String] {
    let secrets = Set(keys.compactMap { all[$0] }.filter { !$0.isEmpty })
    return all.filter { name, value in
      if passing.contains(name) { return true }
      return Self.isNeeded(name) && !keys.contains(name) && !Self.looksSecret(name) && !secrets.contains(value)
        && !Self.holdsPassword(value)
    }
  }

  /// The named variables that look like secrets and are set.
  package var passedSecrets: [String] {
    passing.filter { Self.looksSecret($0) && ProcessInfo.processInfo.environment[$0] != nil }.sorted()
  }

  // MARK: - Variables that programs need

  private static let needed: Set<String> = [
    // The user and the session.
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "LANG", "LANGUAGE", "TZ", "TZDIR", "TERM", "COLORTERM",
    "NO_COLOR",
    "COLUMNS", "LINES", "TMPDIR", "TEMP", "TMP", "HOSTNAME", "DISPLAY", "WAYLAND_DISPLAY",
    // Network access.
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
    // Libraries and language runtimes.
    "LD_LIBRARY_PATH", "LD_PRELOAD", "LIBRARY_PATH", "VIRTUAL_ENV", "JAVA_HOME", "JDK_HOME", "JRE_HOME", "CLASSPATH",
    "_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JAVA_OPTS", "NODE_PATH", "NODE_OPTIONS", "NODE_ENV", "GEM_HOME", "GEM_PATH",
    "GOPATH", "GOROOT", "CARGO_HOME", "RUSTUP_HOME", "RUST_BACKTRACE", "DOTNET_ROOT", "R_HOME", "R_LIBS", "PERL5LIB",
    "LUA_PATH", "LUA_CPATH", "JULIA_DEPOT_PATH", "JULIA_NUM_THREADS",
    // Folders of models and data.
    "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_DATASETS_CACHE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_CACHE",
    "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "TORCH_HOME", "NLTK_DATA",
  ]

  private static let neededPrefixes = [
    "LC_", "XDG_", "DYLD_", "PYTHON", "CONDA_", "MAMBA_", "PYENV_", "NVM_", "OMP_", "GOMP_", "KMP_", "MKL_",
    "OPENBLAS_",
    "VECLIB_", "NUMEXPR_", "CUDA_", "NVIDIA_", "NCCL_", "HIP_", "ROCR_", "ROCM_", "GGML_", "LLAMA_", "MLX_", "MALLOC_",
    "GLIBC_", "SDL_", "MESA_", "LIBGL_", "COXSWAIN_",
  ]

  private static func isNeeded(_ name: String) -> Bool {
    needed.contains(name) || neededPrefixes.contains { name.hasPrefix($0) }
  }

  // MARK: - Detection of secrets

  private static let secretWords = [
    "KEY", "KEYS", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL",
    "CREDENTIALS", "COOKIE",
  ]
  private static let shortSecretWords: Set<String> = ["PASS", "PAT", "AUTH", "PWD", "CRED", "CREDS", "BEARER", "JWT"]

  /// Whether the name suggests a secret: one of its words is, or ends in, a word for a secret.
  static func looksSecret(_ name: String) -> Bool {
    name.uppercased().split(separator: "_").enumerated().contains { place, word in
      // PWD also names the working folder.
      (shortSecretWords.contains(String(word)) && !(place == 0 && word == "PWD"))
        || secretWords.contains { word.hasSuffix($0) }
    }
  }

  /// Whether the value contains a URL with a user and a password, as proxies and databases use them.
  static func holdsPassword(_ value: String) -> Bool {
    var rest = value[...]
    while let start = rest.firstRange(of: "://") {
      rest = rest[start.upperBound...]
      let authority = rest.prefix { !"/?# ,;".contains($0) }
      if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
    }
    return false
  }
}
