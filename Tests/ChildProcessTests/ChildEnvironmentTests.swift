import Testing

@testable import ChildProcess

@Suite("What a child gets of the environment")
struct ChildEnvironmentTests {
  @Test(
    "What programs need is passed",
    arguments: [
      "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PWD", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHASHSEED",
      "JAVA_HOME",
      "JAVA_TOOL_OPTIONS", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HTTPS_PROXY", "no_proxy",
      "SSL_CERT_FILE",
      "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "HF_HOME", "COXSWAIN_VENV",
    ])
  func needed(name: String) {
    #expect(ChildEnvironment().variables(from: [name: "value"]) == [name: "value"])
  }

  @Test(
    "Secrets and strangers are not",
    arguments: [
      "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_PROFILE",
      "GITHUB_TOKEN",
      "GH_PAT", "HF_TOKEN", "DATABASE_URL", "PGPASSWORD", "SSH_AUTH_SOCK", "NETRC", "WANDB_API_KEY", "MY_TOOL",
      // The prefixes of these names are passed on, but the names mark secrets.
      "CONDA_TOKEN", "XDG_SECRET", "PYTHON_KEYRING_PASSWORD", "PYTHON_AUTH", "COXSWAIN_API_KEY", "LC_MY_APIKEY",
      "MLX_ACCESSKEY", "PYTHON_PWD", "LLAMA_API_KEYS",
    ])
  func withheld(name: String) {
    #expect(ChildEnvironment().variables(from: [name: "value"]).isEmpty)
  }

  @Test("A variable that the configuration names as a key is withheld, and so is its value under another name")
  func named() {
    let all = [
      "LLAMA_SERVER": "s3cret", "PYTHONSOMETHING": "s3cret", "PYTHONPATH": "/lib", "LLAMA_EMPTY": "", "LC_ALL": "",
    ]
    let environment = ChildEnvironment(keys: ["LLAMA_SERVER", "LLAMA_EMPTY"])
    #expect(environment.variables(from: all) == ["PYTHONPATH": "/lib", "LC_ALL": ""])
  }

  @Test("What is asked for by name is passed, whatever it holds")
  func passing() {
    let all = ["TOOL_TOKEN": "t", "OTHER_TOKEN": "o", "HTTPS_PROXY": "http://me:pw@proxy:3128"]
    #expect(ChildEnvironment(passing: ["TOOL_TOKEN", "ABSENT"]).variables(from: all) == ["TOOL_TOKEN": "t"])
    #expect(ChildEnvironment(passing: ["HTTPS_PROXY"]).variables(from: all).keys.sorted() == ["HTTPS_PROXY"])
    #expect(
      ChildEnvironment(passing: ["TOOL_TOKEN"], keys: ["TOOL_TOKEN"]).variables(from: all).keys.sorted() == [
        "TOOL_TOKEN"
      ])
  }

  @Test(
    "A password in a URL is a secret",
    arguments: [
      ("http://me:pw@proxy:3128", true), ("http://proxy:3128", false), ("http://me@proxy:3128", false),
      ("http://proxy/a:b@c", false), ("a://b, http://u:p@h", true), ("", false), ("://", false), ("x://:@", true),
    ])
  func passwords(value: String, holds: Bool) {
    #expect(ChildEnvironment.holdsPassword(value) == holds)
    #expect(ChildEnvironment().variables(from: ["HTTP_PROXY": value]).isEmpty == holds)
  }
}
