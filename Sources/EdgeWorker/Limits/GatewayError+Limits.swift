import Domain

/// Refusals on account of limits that are not a limit's own answer.
extension GatewayError {
    static let unboundedPrompt = GatewayError(
        code: "unbounded_prompt", type: "invalid_request_error", status: 400, source: .client,
        message: """
            The request has parts whose tokens its size does not bound (such as images or files), and the model's \
            limits are not known, so that a strict budget cannot pay for it.
            """)
    static let unknownPrice = GatewayError(
        code: "unknown_price", type: "invalid_request_error", status: 400, source: .client,
        message: "The price of the model is not known, and a budget in dollars has to be kept.", param: "model")
    static let limitTableFull = GatewayError(
        code: "limit_table_full", type: "server_error", status: 503, source: .gateway, retry: .later,
        message: "The gateway has no room to count the request. Please try again.", retryAfter: 1)
}
