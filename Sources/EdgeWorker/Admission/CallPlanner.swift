import Domain
import IPC
import JSON
import Routing

/// Turns a whole request body into what an upstream needs to call a provider: reads it, and says which bytes are to be
/// changed for each target. Pure but for the scanner's memory. `EdgeCore.plan` does it step by step.
enum CallPlanner {
    /// Bytes of the longest model name.
    static let longestModel = 256

    /// A request that can be sent, and what metrics want to know of it.
    struct Planned {
        var request: ProviderRequest
        /// The name the client asked for.
        var model: [UInt8]
        let scanned: ScannedRequest

        /// Sends only calls that `isWanted` by their place, and limits their output to what `limit` says of it.
        mutating func edit(_ isWanted: (Int) -> Bool, outputLimit limit: (Int) -> RequestEdit.OutputLimit?) {
            self.request.calls = self.request.calls.enumerated().compactMap { place, call in
                guard isWanted(place) else { return nil }
                guard let limit = limit(place) else { return call }
                let splices = CallPlanner.splices(
                    call.target, self.model, self.scanned, self.request.askedForUsage, limit)
                return ProviderRequest.Call(
                    target: call.target, splices: splices, maximumOutput: call.maximumOutput)
            }
        }
    }

    /// Reads a body, of which `capacity` bytes can be read.
    static func scan(
        _ body: UnsafeRawBufferPointer, capacity: Int, _ scanner: RequestScanner
    ) throws(GatewayError) -> ScannedRequest {
        do throws(ScanFailure) {
            return unsafe try scanner.scan(body, capacity: capacity)
        } catch {
            throw GatewayError(error)
        }
    }

    /// The name a body asks for.
    static func model(_ scanned: ScannedRequest, _ endpoint: Endpoint) throws(GatewayError) -> [UInt8] {
        let model = scanned.model.isEmpty ? endpoint.defaultModel ?? [] : scanned.model
        guard (1...self.longestModel).contains(model.count) else { throw .missingModel }
        return model
    }

    /// What the targets of `routed` are asked.
    static func request(
        _ routed: RoutedPlan, _ scanned: ScannedRequest, _ model: [UInt8], bodyLength: Int, endpoint: Endpoint,
        record: RecordID, settings: EdgeSettings
    ) -> Planned {
        let plan = routed.plan
        let isStream = endpoint.mayStream && scanned.stream == true
        let asksForUsage = isStream && endpoint.hasStreamOptions && scanned.includeUsage != true
        let calls = plan.targets.map {
            ProviderRequest.Call(
                target: $0, splices: self.splices($0, model, scanned, asksForUsage, nil),
                maximumOutput: endpoint.generatesText ? settings.facts(of: $0).maximumOutput : nil)
        }
        return Planned(
            request: ProviderRequest(
                record: record, endpoint: endpoint, isStream: isStream, askedForUsage: asksForUsage,
                bodyLength: UInt64(clamping: bodyLength), snapshot: plan.snapshot, policy: plan.policy, calls: calls),
            model: model, scanned: scanned)
    }

    private static func splices(
        _ target: Target, _ model: [UInt8], _ scanned: ScannedRequest, _ asksForUsage: Bool,
        _ limit: RequestEdit.OutputLimit?
    ) -> [BodySplice] {
        RequestEdit.splices(
            for: scanned, model: target.model == model ? nil : target.model, injectUsage: asksForUsage,
            outputLimit: limit)
    }
}
