/// Model servers' codes and wordings for errors that concern one prompt or the account, one entry per family of
/// servers. A code has to match as a whole; a wording has to occur in the message. Both are in lower case.
package enum RefusalTable {
  package struct Family: Sendable {
    package let name: String
    package var codes: Set<String> = []
    /// Each wording is one phrase, or several that must occur together.
    package var wordings: [[String]] = []
  }

  /// The prompt exceeds the model's context, or the context that the server was started with.
  package static let tooLong: [Family] = [
    Family(
      name: "OpenAI and those that copy its code (Azure, Groq, Cerebras, vLLM, LiteLLM)",
      codes: ["context_length_exceeded", "string_above_max_length"],
      wordings: [
        ["maximum context length"], ["exceeds the context window"], ["exceed the configured limit of", "tokens"],
        ["reduce the length of the messages"], ["reduce the length of the prompt"],
      ]),
    Family(
      name: "a prompt that no minute of the account's has room for (OpenAI, Groq)",
      wordings: [["request too large for", "tokens per min"], ["request too large for", "tpm"]]),
    Family(
      name: "GitHub Models", codes: ["tokens_limit_reached"], wordings: [["request body too large for", "model"]]),
    Family(
      name: "Anthropic", codes: ["request_too_large", "model_context_window_exceeded"],
      wordings: [["prompt is too long"], ["exceed context limit"], ["request exceeds the maximum size"]]),
    Family(
      name: "Bedrock",
      wordings: [["input is too long for requested model"], ["input is too long"], ["too many input tokens"]]),
    Family(
      name: "Gemini, Vertex",
      wordings: [["input token count", "exceeds"], ["input token count", "only supports up to"]]),
    Family(
      name: "Mistral", codes: ["3051"],
      wordings: [["prompt contains", "too large for model"], ["too large for model with", "maximum context length"]]),
    Family(
      name: "Cohere", wordings: [["too many tokens", "cannot exceed"], ["total number of tokens", "cannot exceed"]]),
    Family(name: "xAI", wordings: [["maximum prompt length"]]),
    Family(
      name: "vLLM",
      wordings: [
        ["longer than the maximum model length"], ["longer than the maximum length"],
        ["prompt", "exceeds", "max_model_len"],
      ]),
    Family(
      name: "SGLang",
      wordings: [
        ["longer than the model's context length"], ["exceeds the maximum allowed length"],
        ["exceeds the model's maximum context length"],
      ]),
    Family(
      name: "llama.cpp", codes: ["exceed_context_size_error", "exceed_context_size"],
      wordings: [
        ["exceeds the available context size"], ["exceed context window of"], ["exceeds the context size"],
        ["input is too large to process"],
      ]),
    Family(name: "Ollama", wordings: [["input length exceeds"], ["exceeds maximum context length"]]),
    Family(
      name: "LM Studio",
      wordings: [
        ["context length of only"], ["tokens to keep from the initial prompt is greater than the context length"],
        ["context the overflows"],
      ]),
    Family(
      name: "TGI, Together, Hugging Face",
      wordings: [["inputs` tokens + `max_new_tokens` must be"], ["inputs` must have less than", "tokens"]]),
    Family(
      name: "DashScope", wordings: [["range of input length should be"], ["input length should be", "tokens"]]),
    Family(
      name: "Moonshot", wordings: [["exceeded model token limit"], ["input token length too long"]]),
    Family(name: "Zhipu", codes: ["1261"], wordings: [["prompt 超长"], ["prompt超长"], ["输入长度", "超"]]),
    Family(name: "MiniMax", codes: ["2013", "1039"], wordings: [["context window exceeds limit"]]),
    Family(
      name: "Cloudflare, watsonx, Databricks, Snowflake, AI21",
      wordings: [
        ["exceeded this model context window limit"], ["number of input tokens", "cannot exceed"],
        ["exceeds the limit of", "input tokens"], ["max tokens of", "exceeded"], ["prompt length exceeds"],
        ["exceeds the model's context"], ["exceeds model context"], ["context size exceeded"],
        ["context length exceeded"],
      ]),
  ]

  /// Content moderation refused the prompt or its answer.
  package static let moderated: [Family] = [
    Family(
      name: "Azure, OpenAI",
      codes: [
        "content_filter", "content_policy_violation", "content_policy", "responsibleaipolicyviolation",
        "moderation_blocked", "invalid_prompt", "image_content_policy_violation",
      ],
      wordings: [["content management policy"], ["flagged", "usage policy"], ["rejected", "safety system"]]),
    Family(
      name: "Anthropic", codes: ["refusal"],
      wordings: [["blocked by content filtering policy"], ["output blocked by content"]]),
    Family(name: "DeepSeek", wordings: [["content exists risk"]]),
    Family(
      name: "DashScope", codes: ["data_inspection_failed", "datainspectionfailed"],
      wordings: [["may contain inappropriate content"], ["inappropriate content"]]),
    Family(
      name: "OpenRouter, and whose moderation it passes on",
      codes: ["moderation", "flagged"],
      wordings: [["requires moderation"], ["input was flagged"], ["flagged_input"], ["flagged by", "moderation"]]),
    Family(name: "xAI", wordings: [["content violates usage guidelines"], ["violates", "usage guidelines"]]),
    Family(
      name: "Gemini, Vertex",
      codes: ["prohibited_content", "safety", "blocklist", "spii", "block_reason_safety"],
      wordings: [["prompt was blocked"], ["blocked", "safety settings"], ["prohibited use policy"]]),
    Family(name: "Bedrock", wordings: [["guardrail", "intervened"], ["blocked by", "content filter"]]),
    Family(name: "Zhipu", codes: ["1301"], wordings: [["不安全或敏感内容"], ["敏感内容"]]),
    Family(
      name: "Moonshot, MiniMax", codes: ["1026", "1027", "new_sensitive", "input_sensitive", "output_sensitive"],
      wordings: [["considered high risk"], ["high risk", "rejected"], ["new_sensitive"]]),
    Family(
      name: "any other that names its moderation",
      codes: ["content_moderation", "moderation_error", "content_blocked", "guardrail_violation"],
      wordings: [
        ["moderation", "flagged"], ["moderation", "blocked"], ["moderation", "refused"], ["moderation", "rejected"],
        ["flagged as", "content"], ["content policy"], ["content moderation"], ["violates our", "polic"],
      ]),
  ]

  /// The account has no credit left.
  package static let outOfCredit: [Family] = [
    Family(
      name: "OpenAI", codes: ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"]),
    Family(name: "Anthropic", codes: ["billing_error"], wordings: [["credit balance"]]),
    Family(name: "DeepSeek, OpenRouter", wordings: [["insufficient balance"], ["insufficient credits"]]),
    Family(name: "Moonshot, DashScope", codes: ["exceeded_current_quota_error", "arrearage"]),
  ]

  /// The status implied by a code or type in a body, if the answer has another status.
  package static let statuses: [String: Int] = [
    // Anthropic
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
    "overloaded_error": 529,
    // OpenAI
    "invalid_api_key": 401, "insufficient_quota": 402, "model_not_found": 404, "rate_limit_exceeded": 429,
    "server_error": 500, "internal_server_error": 500, "internal_error": 500, "service_unavailable": 503,
    "badrequesterror": 400, "notfounderror": 404, "internalservererror": 500,
    // Google
    "invalid_argument": 400, "failed_precondition": 400, "unauthenticated": 401, "permission_denied": 403,
    "not_found": 404,
    "resource_exhausted": 429, "internal": 500, "unavailable": 503, "deadline_exceeded": 504,
    // Bedrock and others
    "throttlingexception": 429, "validationexception": 400, "modeltimeoutexception": 408, "too_many_requests": 429,
    "rate_limited": 429, "overloaded": 529, "engine_overloaded_error": 529, "engine_overloaded": 529,
    "bad_gateway": 502,
    "gateway_timeout": 504, "provider_error": 502, "upstream_error": 502,
  ]
}

extension RefusalTable.Family {
  /// - Parameters:
  ///   - codes: the codes of the refusal, in lower case.
  ///   - said: the message of the refusal, in lower case.
  package func matches(codes: Set<String>, said: String) -> Bool {
    !self.codes.isDisjoint(with: codes) || wordings.contains { $0.allSatisfy(said.contains) }
  }
}
