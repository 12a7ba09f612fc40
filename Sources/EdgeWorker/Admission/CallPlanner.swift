import Domain
import IPC
import JSON
import Routing

/// Turns a whole request body into what an upstream needs to call a provider: reads it once, chooses the targets, and says
/// which bytes are to be changed for each. Pure but for the scanner's memory.
enum CallPlanner {
    /// Bytes of the longest model name.
    static let longestModel = 256

    /// A request that can be sent, and what metrics want to know of it.
    struct Planned {
        var request: ProviderRequest
        /// The name the client asked for.
        var model: [UInt8]
    }

    /// `capacity` bytes can be read from the start of `body`.
    static func plan(
        _ body: UnsafeRawBufferPointer, capacity: Int, endpoint: Endpoint, record: RecordID, settings: EdgeSettings,
        scanner: RequestScanner
    ) throws(GatewayError) -> Planned {
        let scanned: ScannedRequest
        do throws(ScanFailure) {
            scanned = unsafe try scanner.scan(body, capacity: capacity)
        } catch {
            throw GatewayError(error)
        }
        guard (1...self.longestModel).contains(scanned.model.count) else { throw .missingModel }
        guard let plan = settings.router.plan(for: scanned.model) else { throw .modelNotFound(scanned.model) }
        let isStream = endpoint == .chatCompletions && scanned.stream == true
        let asksForUsage = isStream && scanned.includeUsage != true
        let calls = plan.targets.map { target in
            ProviderRequest.Call(
                target: target,
                splices: RequestEdit.splices(
                    for: scanned, model: target.model == scanned.model ? nil : target.model, injectUsage: asksForUsage))
        }
        return Planned(
            request: ProviderRequest(
                record: record, endpoint: endpoint, isStream: isStream, askedForUsage: asksForUsage,
                bodyLength: UInt64(clamping: body.count), snapshot: plan.snapshot, calls: calls),
            model: scanned.model)
    }
}
