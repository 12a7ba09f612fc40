import Dialects
import Domain
import Testing

/// An error as a provider writes it, in the shapes that were recorded, and what it means.
struct ErrorShape: CustomTestStringConvertible, Sendable {
    var name: String
    var dialect: Dialect
    var status: UInt16
    var body: String
    var message: String
    var code: String
    var type: String
    var param: String?
    var source = GatewayError.Source.client
    var retry = GatewayError.Retry.never
    var extras = "{}"

    var testDescription: String { self.name }

    static let all: [ErrorShape] = [
        ErrorShape(
            name: "Anthropic: too long", dialect: .anthropic, status: 400,
            body:
                #"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 5 maximum"},"request_id":"req_1"}"#,
            message: "prompt is too long: 9 tokens > 5 maximum", code: "context_length_exceeded",
            type: "invalid_request_error"),
        ErrorShape(
            name: "Anthropic: unknown model", dialect: .anthropic, status: 404,
            body: #"{"type":"error","error":{"type":"not_found_error","message":"model: nix"},"request_id":"req_1"}"#,
            message: "model: nix", code: "model_not_found", type: "invalid_request_error"),
        ErrorShape(
            name: "Anthropic: rate", dialect: .anthropic, status: 429,
            body: #"{"type":"error","error":{"type":"rate_limit_error","message":"This would exceed your limit."}}"#,
            message: "This would exceed your limit.", code: "rate_limit_exceeded", type: "rate_limit_error",
            source: .provider, retry: .later),
        ErrorShape(
            name: "Anthropic: overloaded", dialect: .anthropic, status: 529,
            body: #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            message: "Overloaded", code: "provider_overloaded", type: "server_error", source: .provider, retry: .later),
        ErrorShape(
            name: "OpenAI: code null", dialect: .openai, status: 400,
            body:
                #"{"error": {"code": null, "message": "Not with this model.", "param": "web_search_options", "type": "invalid_request_error"}}"#,
            message: "Not with this model.", code: "invalid_request", type: "invalid_request_error",
            param: "web_search_options"),
        ErrorShape(
            name: "OpenAI: model", dialect: .openai, status: 404,
            body:
                #"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            message: "The model `x` does not exist", code: "model_not_found", type: "invalid_request_error"),
        ErrorShape(
            name: "OpenAI: quota", dialect: .openai, status: 429,
            body:
                #"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            message: "You exceeded your current quota.", code: "insufficient_quota", type: "insufficient_quota",
            source: .provider),
        ErrorShape(
            name: "OpenAI: tokens", dialect: .openai, status: 429,
            body:
                #"{"error":{"message":"Request too large on tokens per min (TPM)","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            message: "Request too large on tokens per min (TPM)", code: "rate_limit_exceeded", type: "tokens",
            source: .provider, retry: .later),
        ErrorShape(
            name: "Azure: no type, a status as code", dialect: .azure, status: 401,
            body: #"{"error":{"code":"401","message":"Access denied due to invalid subscription key."}}"#,
            message: "Access denied due to invalid subscription key.", code: "invalid_api_key",
            type: "authentication_error", source: .provider, extras: #"{"provider_code":"401"}"#),
        ErrorShape(
            name: "Azure: gateway", dialect: .azure, status: 404,
            body: #"{ "statusCode": 404, "message": "Resource not found" }"#,
            message: "Resource not found", code: "not_found", type: "invalid_request_error"),
        ErrorShape(
            name: "Azure: deployment", dialect: .azure, status: 404,
            body: #"{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}"#,
            message: "The API deployment does not exist.", code: "DeploymentNotFound", type: "invalid_request_error"),
        ErrorShape(
            name: "Azure: rate", dialect: .azure, status: 429,
            body: #"{"error":{"code":"RateLimitReached","message":"Exceeded.","details":"Exceeded."}}"#,
            message: "Exceeded.", code: "RateLimitReached", type: "rate_limit_error", source: .provider,
            retry: .later, extras: #"{"details":"Exceeded."}"#),
        ErrorShape(
            name: "Azure: content filter", dialect: .azure, status: 400,
            body:
                #"{"error":{"message":"Filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true}}}}}"#,
            message: "Filtered", code: "content_filter", type: "invalid_request_error", param: "prompt",
            extras:
                #"{"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true}}}}"#
        ),
        ErrorShape(
            name: "Groq: failed generation", dialect: .groq, status: 400,
            body:
                #"{"error": {"code": "tool_use_failed", "failed_generation": "{\"a\": 1}", "message": "Tool call validation failed", "type": "invalid_request_error"}}"#,
            message: "Tool call validation failed", code: "tool_use_failed", type: "invalid_request_error",
            extras: #"{"failed_generation":"{\"a\": 1}"}"#),
        ErrorShape(
            name: "Groq: a limit per minute is no context length", dialect: .groq, status: 413,
            body:
                #"{"error":{"message":"Request too large: maximum context length per minute","type":"tokens","code":"rate_limit_exceeded"}}"#,
            message: "Request too large: maximum context length per minute", code: "rate_limit_exceeded",
            type: "tokens"),
        ErrorShape(
            name: "Mistral: detail text", dialect: .mistral, status: 401, body: #"{"detail":"Invalid API Key"}"#,
            message: "Invalid API Key", code: "invalid_api_key", type: "authentication_error", source: .provider),
        ErrorShape(
            name: "Mistral: detail list", dialect: .mistral, status: 422,
            body:
                #"{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs are not permitted","input":false},{"type":"missing","loc":["body","messages",2,"content"],"msg":"Field required"}]}"#,
            message: "store: Extra inputs are not permitted; messages[2].content: Field required",
            code: "invalid_request", type: "invalid_request_error", param: "store",
            extras:
                #"{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs are not permitted","input":false},{"type":"missing","loc":["body","messages",2,"content"],"msg":"Field required"}]}"#
        ),
        ErrorShape(
            name: "Mistral: flat", dialect: .mistral, status: 429,
            body:
                #"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
            message: "Rate limit exceeded", code: "1300", type: "rate_limited", source: .provider, retry: .later),
        ErrorShape(
            name: "Mistral: a list inside the message", dialect: .mistral, status: 422,
            body:
                #"{"object":"error","message":{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]},"type":"invalid_request_error","code":null}"#,
            message: "model: Field required", code: "invalid_request", type: "invalid_request_error", param: "model",
            extras: #"{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]}"#),
        ErrorShape(
            name: "OpenRouter: a status as code, metadata", dialect: .openrouter, status: 429,
            body:
                #"{"error": {"code": 429, "message": "Provider returned error", "metadata": {"provider_name": "Google", "raw": "limited"}}, "user_id": "user_1"}"#,
            message: "Provider returned error", code: "rate_limit_exceeded", type: "rate_limit_error",
            source: .provider, retry: .later,
            extras: #"{"metadata":{"provider_name":"Google","raw":"limited"},"provider_code":429}"#),
        ErrorShape(
            name: "OpenRouter: too long", dialect: .openrouter, status: 400,
            body: #"{"error":{"message":"This endpoint's maximum context length is 200000 tokens.","code":400}}"#,
            message: "This endpoint's maximum context length is 200000 tokens.", code: "context_length_exceeded",
            type: "invalid_request_error", extras: #"{"provider_code":400}"#),
        ErrorShape(
            name: "xAI: the error is a text", dialect: .xai, status: 400,
            body: #"{"code":"invalid-argument","error":"Incorrect API key provided: xai-abcdefghijkl."}"#,
            message: "Incorrect API key provided: xai-***.", code: "invalid-argument", type: "invalid_request_error"),
        ErrorShape(
            name: "HuggingFace: a text", dialect: .huggingface, status: 503,
            body: #"{"error":"Model is overloaded","error_type":"overloaded"}"#, message: "Model is overloaded",
            code: "provider_overloaded", type: "overloaded", source: .provider, retry: .later),
        ErrorShape(
            name: "HuggingFace: a list of texts", dialect: .huggingface, status: 400, body: #"{"error":["a","b"]}"#,
            message: "a; b", code: "invalid_request", type: "invalid_request_error"),
        ErrorShape(
            name: "DeepSeek: too long", dialect: .deepseek, status: 400,
            body:
                #"{"error":{"message":"This model's maximum context length is 10 tokens.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
            message: "This model's maximum context length is 10 tokens.", code: "context_length_exceeded",
            type: "invalid_request_error", extras: #"{"provider_code":"invalid_request_error"}"#),
        ErrorShape(
            name: "DeepSeek: balance", dialect: .deepseek, status: 402,
            body:
                #"{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}"#,
            message: "Insufficient Balance", code: "invalid_request_error", type: "unknown_error", source: .provider),
        ErrorShape(
            name: "Perplexity: too long", dialect: .perplexity, status: 400,
            body: #"{"error":{"message":"The total length is too much.","type":"too_many_prompt_tokens","code":400}}"#,
            message: "The total length is too much.", code: "context_length_exceeded", type: "too_many_prompt_tokens",
            extras: #"{"provider_code":400}"#),
        ErrorShape(
            name: "Ollama: too long", dialect: .ollama, status: 400,
            body:
                #"{"error":{"message":"prompt too long; exceeded max context length by 9 tokens","type":"invalid_request_error","param":null,"code":null}}"#,
            message: "prompt too long; exceeded max context length by 9 tokens", code: "context_length_exceeded",
            type: "invalid_request_error"),
        ErrorShape(
            name: "vLLM: flat", dialect: .vllm, status: 404,
            body:
                #"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
            message: "The model `x` does not exist.", code: "model_not_found", type: "NotFoundError",
            extras: #"{"provider_code":404}"#),
        ErrorShape(
            name: "llama.cpp: too long", dialect: .llamacpp, status: 400,
            body:
                #"{"error":{"code":400,"message":"the request exceeds","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}"#,
            message: "the request exceeds", code: "context_length_exceeded", type: "exceed_context_size_error",
            extras: #"{"n_prompt_tokens":9,"n_ctx":4,"provider_code":400}"#),
        ErrorShape(
            name: "LiteLLM", dialect: .litellm, status: 400,
            body:
                #"{"error":{"message":"litellm.BadRequestError: no","type":null,"param":null,"code":"400","provider_specific_fields":null}}"#,
            message: "litellm.BadRequestError: no", code: "invalid_request", type: "invalid_request_error",
            extras: #"{"provider_code":"400"}"#),
        ErrorShape(
            name: "plain text", dialect: .vllm, status: 500, body: "Internal Server Error\n",
            message: "Internal Server Error", code: "provider_error", type: "server_error", source: .provider,
            retry: .later),
        ErrorShape(
            name: "a page", dialect: .vllm, status: 502,
            body: "<html>\r\n<head><TITLE>502 Bad\nGateway</title></head><body>nginx</body></html>",
            message: "502 Bad Gateway", code: "provider_error", type: "server_error", source: .provider, retry: .later),
        ErrorShape(
            name: "a page without a title", dialect: .vllm, status: 504, body: "<!doctype html>",
            message: "The provider answered with an error (status 504) that says nothing more.",
            code: "provider_timeout", type: "server_error", source: .provider, retry: .later),
        ErrorShape(
            name: "nothing", dialect: .groq, status: 400, body: "",
            message: "The provider answered with an error (status 400) that says nothing more.",
            code: "invalid_request", type: "invalid_request_error"),
        ErrorShape(
            name: "an empty object", dialect: .groq, status: 500, body: "{}",
            message: "The provider answered with an error (status 500) that says nothing more.",
            code: "provider_error", type: "server_error", source: .provider, retry: .later),
        ErrorShape(
            name: "half an object", dialect: .groq, status: 500, body: #"{"error":{"mess"#,
            message: "The provider answered with an error (status 500) that says nothing more.",
            code: "provider_error", type: "server_error", source: .provider, retry: .later),
        ErrorShape(
            name: "an event", dialect: .groq, status: 400,
            body: "event: error\ndata: {\"error\":{\"message\":\"no\",\"code\":\"x\"}}\n\n", message: "no", code: "x",
            type: "invalid_request_error"),
    ]
}
