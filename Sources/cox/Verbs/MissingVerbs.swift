import Workbench

#if !OpenWeights
  import ArgumentParser
  import Workbench

  /// A verb that needs a build with models in process. Other builds explain this instead of reporting an unknown verb.
  protocol MissingVerb: ParsableCommand {}

  extension MissingVerb {
    func run() throws {
      throw ConfigurationError(
        """
        This verb needs models in process, and this cox was built without them: `make build` includes them where MLX \
        can be installed.
        """
      )
    }
  }

  struct Sharpen: MissingVerb {
    static let configuration = CommandConfiguration(abstract: "Not in this build.", shouldDisplay: false)
    @Argument(parsing: .captureForPassthrough) var rest: [String] = []
  }

  struct Tokens: MissingVerb {
    static let configuration = CommandConfiguration(abstract: "Not in this build.", shouldDisplay: false)
    @Argument(parsing: .captureForPassthrough) var rest: [String] = []
  }

  struct Study: MissingVerb {
    static let configuration = CommandConfiguration(abstract: "Not in this build.", shouldDisplay: false)
    @Argument(parsing: .captureForPassthrough) var rest: [String] = []
  }
#endif
