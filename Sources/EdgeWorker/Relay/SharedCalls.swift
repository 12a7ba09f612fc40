import Cryptography
import Domain
import IPC
import JSON

/// Which requests may share a provider call, and what they have in common.
extension EdgeCore {
    /// Gives a request that may be answered together with others its name. Its limits are admitted: what they have changed in
    /// it is part of what it says.
    func share(
        _ request: CurrentRequest, _ principal: Principal, _ planned: inout CallPlanner.Planned,
        _ body: UnsafeRawBufferPointer
    ) {
        let settings = request.settings.sharedCalls
        guard settings.isOn, EdgeCore.isDeterministic(planned) else { return }
        let text = EdgeCore.sharedText(planned.request, principal, tags: request.tags, settings.scope)
        let digest = unsafe text.withUnsafeBytes { unsafe try? self.sha.digest($0, body) }
        guard let digest else { return }
        let (high, low) = unsafe digest.withBytes { bytes in
            unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        planned.request.sharedName = ProviderRequest.SharedName(high: high, low: low, eachPays: settings.eachPays)
    }

    /// Whether a model that is asked twice is meant to say the same.
    private static func isDeterministic(_ planned: CallPlanner.Planned) -> Bool {
        switch planned.request.endpoint {
        case .embeddings, .moderations: true
        case .chatCompletions, .messages, .completions: planned.scanned.temperature == 0 && planned.scanned.n ?? 1 <= 1
        case .countTokens, .imageGenerations: false
        }
    }

    /// Everything but the body that makes two requests one. Tags are among it: whoever splits bills by them would miss what
    /// another one has paid.
    private static func sharedText(
        _ request: ProviderRequest, _ principal: Principal, tags: [UInt8], _ scope: SharedCallSettings.Scope
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(256)
        func append(_ value: UInt64) { unsafe withUnsafeBytes(of: value) { unsafe text.append(contentsOf: $0) } }
        func append(_ bytes: [UInt8]) {
            append(UInt64(bytes.count))
            text += bytes
        }
        append(UInt64(scope.rawValue))
        switch scope {
        case .project:
            append(principal.project.high)
            append(principal.project.low)
        case .key:
            append(principal.key.high)
            append(principal.key.low)
        case .everybody: break
        }
        append(UInt64(request.endpoint.rawValue) << 8 | (request.isStream ? 1 : 0) | (request.askedForUsage ? 2 : 0))
        append(request.snapshot)
        append(UInt64(request.policy))
        append(request.anthropicVersion)
        append(request.anthropicBeta)
        append(tags)
        append(UInt64(request.calls.count))
        for call in request.calls {
            append(UInt64(call.target.provider))
            append(call.target.model)
            append(UInt64(call.splices.count))
            for splice in call.splices {
                append(UInt64(clamping: splice.offset))
                append(UInt64(clamping: splice.removed))
                append(splice.replacement)
            }
        }
        return text
    }
}
