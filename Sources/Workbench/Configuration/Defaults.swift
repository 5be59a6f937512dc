/// The configuration of commands without a configuration file: a real 135M-parameter model served on loopback, and an
/// order desk. `cox demo --print-config` prints it as a file to start from.
package enum Defaults {
  package static let yaml = """
    # Coxswain's embedded default: nothing simulated, no key, no GPU.
    environment:
      kind: orders
      tasks: { train: "0..<80", validation: "100..<120", test: "200..<264" }

    policy:
      kind: local            # a llama.cpp server on loopback, for as long as the run takes
      api: text
      format: plain
      temperature: 1.4       # high, so that attempts differ: at 0.7 a third of the orders have a field never right
      maxTokens: 8
      concurrency: 16
      slots: 64              # each remembers a prompt's beginning
      context: 256           # tokens for each slot
      threads: 2             # both cores of a small machine

    critic: { kind: trees }

    steering:
      method: amc
      particles: 8
      temperature: 0.03      # β, in reward units, for a sample; for a search the plan chooses β
      resample: auto         # as cox plan says
      answer: search
    """
}
