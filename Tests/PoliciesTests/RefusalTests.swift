import Agents
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import ModelServers
@testable import Policies

/// Real error responses of servers, each with its status.
enum Refusals {
  /// An error in OpenAI's shape.
  static func openAI(_ message: String, code: String = "null") -> String {
    #"{"error":{"message":\#(ClientTests.quoted(message)),"type":"invalid_request_error","param":null,"code":\#(code)}}"#
  }

  static func anthropic(_ message: String) -> String {
    #"{"type":"error","error":{"type":"invalid_request_error","message":\#(ClientTests.quoted(message))}}"#
  }

  static let tooLong: [(String, Int, String)] = [
    (
      "OpenAI", 400,
      openAI(
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        code: #""context_length_exceeded""#)
    ),
    ("OpenAI, by its code alone", 400, openAI("no", code: #""context_length_exceeded""#)),
    (
      "OpenAI, Responses", 400,
      openAI("Your input exceeds the context window of this model. Please adjust your input and try again.")
    ),
    (
      "GPT-5", 400,
      openAI("Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000.")
    ),
    (
      "OpenAI, more than a minute's tokens", 429,
      #"{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 45000.","type":"tokens","code":"rate_limit_exceeded"}}"#
    ),
    ("Anthropic", 400, anthropic("prompt is too long: 210000 tokens > 200000 maximum")),
    (
      "Anthropic, with the answer", 400,
      anthropic("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000")
    ),
    ("Anthropic, in bytes", 413, anthropic("Request exceeds the maximum size")),
    (
      "Gemini", 400,
      #"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).","status":"INVALID_ARGUMENT"}}"#
    ),
    (
      "Gemini's list", 400,
      #"[{"error":{"code":400,"message":"The input token count exceeds the maximum","status":"INVALID_ARGUMENT"}}]"#
    ),
    (
      "Vertex", 400,
      openAI("Unable to submit request because the input token count is 40000 but model only supports up to 32768.")
    ),
    (
      "vLLM", 400,
      #"{"object":"error","message":"The decoder prompt (length 9000) is longer than the maximum model length of 8192.","type":"BadRequestError","code":400}"#
    ),
    (
      "SGLang", 400,
      #"{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (8192 tokens).","code":400}"#
    ),
    (
      "SGLang, requested", 400,
      openAI("Requested token count exceeds the model's maximum context length of 8192 tokens.")
    ),
    ("SGLang, allowed", 400, openAI("The prompt's length 9000 exceeds the maximum allowed length of 8000.")),
    (
      "llama.cpp", 400,
      #"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":1110,"n_ctx":256}}"#
    ),
    ("llama.cpp, older, with 500", 500, #"{"error":{"code":500,"message":"no","type":"exceed_context_size_error"}}"#),
    (
      "llama-cpp-python", 400,
      openAI("This model's maximum context length is 512 tokens, however you requested 700 tokens")
    ),
    ("Ollama", 400, #"{"error":"the input length exceeds the context length"}"#),
    (
      "LM Studio", 400,
      #"{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}"#
    ),
    (
      "TGI", 422,
      #"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 20 `max_new_tokens`","error_type":"validation"}"#
    ),
    (
      "TGI, inputs", 422,
      #"{"error":"Input validation error: `inputs` must have less than 4095 tokens. Given: 5000","error_type":"validation"}"#
    ),
    (
      "Mistral", 400,
      #"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","code":"3051"}"#
    ),
    (
      "Cohere", 400,
      #"{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292."}"#
    ),
    (
      "Groq", 400,
      openAI("Please reduce the length of the messages or completion.", code: #""context_length_exceeded""#)
    ),
    (
      "Groq, 413", 413, openAI("Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 8000")
    ),
    (
      "xAI", 400,
      #"{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 211234 tokens."}"#
    ),
    (
      "DeepSeek", 400,
      openAI("This model's maximum context length is 65536 tokens. However, you requested 70000 tokens")
    ),
    ("Fireworks", 400, openAI("The prompt is too long: 140000, model maximum context length: 131071")),
    ("Bedrock", 400, #"{"__type":"ValidationException","message":"Input is too long for requested model."}"#),
    (
      "DashScope", 400,
      #"{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]","request_id":"r"}"#
    ),
    ("Moonshot", 400, openAI("Invalid request: Your request exceeded model token limit: 8192")),
    ("Zhipu", 400, #"{"error":{"code":"1261","message":"Prompt 超长"}}"#),
    ("MiniMax", 400, openAI("invalid params, context window exceeds limit (2013)")),
    (
      "GitHub Models", 413,
      #"{"error":{"code":"tokens_limit_reached","message":"Request body too large for gpt-4o model. Max size: 8000 tokens."}}"#
    ),
    (
      "watsonx", 400,
      #"{"errors":[{"code":"invalid_input_argument","message":"the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model"}]}"#
    ),
    (
      "Cloudflare", 400,
      #"{"errors":[{"message":"The estimated number of input and maximum output tokens (30000) exceeded this model context window limit (24000).","code":5021}],"success":false}"#
    ),
    (
      "OpenRouter, passing on", 400,
      #"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 210000 tokens > 200000 maximum\"}}","provider_name":"Anthropic"}}}"#
    ),
    (
      "OpenRouter", 400,
      openAI("This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens")
    ),
    ("a FastAPI server", 400, #"{"detail":"This model's maximum context length is 2048 tokens"}"#),
    ("plain text", 400, "prompt is too long"),
  ]

  static let moderated: [(String, Int, String)] = [
    (
      "Azure", 400,
      openAI(
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        code: #""content_filter""#)
    ),
    (
      "Azure, inner", 400,
      #"{"error":{"message":"no","code":null,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#
    ),
    (
      "OpenAI", 400,
      openAI(
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy.", code: #""invalid_prompt""#
      )
    ),
    ("DeepSeek", 400, openAI("Content Exists Risk")),
    ("Anthropic", 400, anthropic("Output blocked by content filtering policy")),
    (
      "DashScope", 400,
      #"{"code":"data_inspection_failed","message":"Input data may contain inappropriate content.","request_id":"r"}"#
    ),
    ("DashScope, old", 400, #"{"code":"DataInspectionFailed","message":"no"}"#),
    (
      "OpenRouter", 403,
      #"{"error":{"code":403,"message":"openai/gpt-4o requires moderation on OpenAI. Your input was flagged for \"violence\". No credits were charged.","metadata":{"reasons":["violence"],"flagged_input":"hit the ...","provider_name":"OpenAI"}}}"#
    ),
    (
      "xAI", 403,
      #"{"code":"The caller does not have permission","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}"#
    ),
    ("Zhipu", 400, #"{"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}"#),
    ("Moonshot", 400, openAI("The request was rejected because it was considered high risk")),
    ("MiniMax", 422, openAI("input new_sensitive (1026)")),
    (
      "Gemini", 400,
      #"{"error":{"code":400,"message":"The prompt was blocked","status":"INVALID_ARGUMENT","details":[{"reason":"SAFETY"}]}}"#
    ),
    ("a gateway", 403, #"{"error":"Request blocked: content moderation flagged the input"}"#),
  ]

  static let others: [(Int, String, ServerRefusal.Meaning)] = [
    (401, openAI("Incorrect API key provided"), .wrongKey),
    (403, openAI("Country, region, or territory not supported"), .forbidden),
    (403, "<html>Attention Required! | Cloudflare</html>", .forbidden),
    (
      403, #"{"error":{"message":"Your project does not have access to model m","code":"model_not_found"}}"#, .forbidden
    ),
    (404, openAI("The model `m` does not exist"), .unknownModel),
    (
      429,
      openAI(
        "Rate limit reached for gpt-4o: Limit 3, Used 3. Please try again in 20s.", code: #""rate_limit_exceeded""#),
      .rateLimited
    ),
    (
      429, #"{"message":"Too many tokens, please wait before trying again.","__type":"ThrottlingException"}"#,
      .rateLimited
    ),
    (
      429,
      #"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan","status":"RESOURCE_EXHAUSTED"}}"#,
      .rateLimited
    ),
    (429, openAI("You exceeded your current quota", code: #""insufficient_quota""#), .outOfCredit),
    (429, #"{"error":{"message":"suspended","type":"exceeded_current_quota_error"}}"#, .outOfCredit),
    (402, openAI("Insufficient Balance"), .outOfCredit),
    (400, anthropic("Your credit balance is too low"), .outOfCredit),
    (500, "content policy maximum context length", .failed), (529, "", .failed), (503, "", .failed), (408, "", .failed),
    (400, openAI("Unsupported value: 'temperature'"), .bad), (400, openAI("max_tokens is too large"), .bad),
    (422, #"{"detail":[{"loc":["body","n"],"msg":"value is not a valid integer"}]}"#, .bad), (302, "", .elsewhere),
    (400, openAI("messages: text content blocks must be non-empty"), .bad),
  ]
}

@Suite("What a server's no means, in its own words")
struct RefusalTests {
  static func meaning(_ status: Int, _ body: String) -> ServerRefusal.Meaning {
    ServerRefusal(status: status, body: Data(body.utf8)).meaning
  }

  @Test("A prompt that is too long is known in every family's words", arguments: Refusals.tooLong.indices)
  func tooLong(index: Int) {
    let (name, status, body) = Refusals.tooLong[index]
    #expect(Self.meaning(status, body) == .tooLong, "\(name)")
  }

  @Test(
    "A refusal by moderation concerns one prompt, also where it comes as 403", arguments: Refusals.moderated.indices
  )
  func moderated(index: Int) {
    let (name, status, body) = Refusals.moderated[index]
    #expect(Self.meaning(status, body) == .moderated, "\(name)")
  }

  @Test(
    "What concerns the key, the account, the model or the moment is none of these",
    arguments: Refusals.others.indices)
  func others(index: Int) {
    let (status, body, meaning) = Refusals.others[index]
    #expect(Self.meaning(status, body) == meaning, "\(body)")
  }

  @Test(
    "An error inside of a 200 is what its status would have been",
    arguments: [
      (#"{"error":{"code":429,"message":"slow down"}}"#, .rateLimited),
      (#"{"error":{"code":"402","message":"pay"}}"#, .outOfCredit),
      (#"{"error":{"code":502,"message":"Provider returned error"},"choices":[]}"#, .failed),
      (#"{"error":{"message":"Internal Server Error","code":500},"id":"gen-1"}"#, .failed),
      (#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, .failed),
      (#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#, .rateLimited),
      (#"{"type":"error","error":{"type":"authentication_error","message":"key"}}"#, .wrongKey),
      (#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"quota"}}"#, .rateLimited),
      (#"{"error":{"code":"content_filter","message":"no"}}"#, .moderated),
      (#"{"error":{"message":"maximum context length is 10"}}"#, .tooLong), (#"{"error":"something broke"}"#, .failed),
      (#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, .bad),
    ] as [(String, ServerRefusal.Meaning)])
  func inside(body: String, meaning: ServerRefusal.Meaning) {
    #expect(ServerRefusal.inside(Data(body.utf8), headers: [:])?.meaning == meaning, "\(body)")
  }

  @Test(
    "An answer that only speaks of errors is an answer",
    arguments: [
      #"{"error":null,"choices":[{"message":{"content":"red"}}]}"#, #"{"error" : null ,"choices":[]}"#,
      #"{"choices":[{"message":{"content":"the \"error\": 429 was mine"}}]}"#, #"{"error":{},"choices":[1]}"#,
      #"{"error":"","choices":[1]}"#, #"{"error":false}"#, #"{"choices":[{"error":{"code":500}}]}"#,
    ])
  func sound(body: String) {
    #expect(ServerRefusal.inside(Data(body.utf8), headers: [:]) == nil)
  }

  @Test("A refusal without bounds is read within them")
  func hostile() {
    let deep = String(repeating: #"{"error":"#, count: 200) + "1" + String(repeating: "}", count: 200)
    #expect(Self.meaning(400, deep) == .bad)
    let wide = "[" + Array(repeating: #"{"message":"x"}"#, count: 20_000).joined(separator: ",") + "]"
    #expect(Self.meaning(400, wide) == .bad)
    #expect(Self.meaning(400, String(repeating: "x", count: 3 << 20)) == .bad)
  }
}
