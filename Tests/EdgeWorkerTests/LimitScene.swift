import Domain
import IPC
import Limits
import Testing

@testable import EdgeWorker

/// What suites of the limits at the edge begin with: an edge with dear models and a project with budgets.
protocol LimitScene {}

extension LimitScene {
    // $10 and $150 a million.
    static var price: Price { Price(.init(input: 10_000_000, output: 150_000_000)) }
    static var chat: String { #"{"model":"smart","messages":[],"max_tokens":100}"# }

    /// An edge with two targets, and limits of the project.
    func rig(
        _ limits: [LimitKind: Int64] = [.totalCost: 1_000_000_000, .totalTokens: 1_000_000],
        _ change: (inout EdgeSnapshot) -> Void = { _ in }
    ) throws -> EdgeRig {
        let rig = try EdgeRig(
            {
                $0.prices = [Self.price]
                $0.routes.aliases = [
                    .init(
                        name: Array("smart".utf8),
                        targets: [
                            Target(provider: 1, model: Array("big".utf8), price: 0),
                            Target(provider: 0, model: Array("spare".utf8), price: 0),
                        ])
                ]
                $0.routes.models = [
                    .init(provider: 1, name: Array("big".utf8), facts: ModelFacts(price: 0, maximumOutput: 2000)),
                    .init(
                        provider: 0, name: Array("spare".utf8),
                        facts: ModelFacts(price: 0, maximumOutput: 1000, outputLimitMember: .maxCompletionTokens)),
                ]
                change(&$0)
            }, limited: true)
        rig.keys.set(.project, limits)
        return rig
    }

    /// A client whose request has reached the upstream.
    func running(
        _ rig: EdgeRig, _ peer: FakePeer, _ body: String = Self.chat
    ) throws -> (client: FakeClient, stream: UInt64, request: ProviderRequest) {
        let client = try rig.client()
        try client.send(FakeClient.post(body))
        let sent = try #require(try peer.request())
        return (client, sent.stream, sent.request)
    }

    /// The end of a call that took 7 and 5 tokens.
    static func end(_ failure: GatewayError? = nil, cost: Int64? = 17_000) -> StreamEnd {
        StreamEnd(
            failure: failure, finish: .stop,
            attempts: [
                AttemptReport(
                    call: 0, status: 200, billed: .yes, usageSource: .provider,
                    usage: TokenUsage(input: 7, output: 5), cost: cost, firstContent: 1, total: 2)
            ])
    }

    static var failure: GatewayError {
        GatewayError(
            code: "provider_timeout", type: "server_error", status: 504, source: .provider, message: "slow")
    }
}
