internal import Domain
internal import IPC
internal import Metrics

/// The calls of this worker that further identical requests may join (single-flight). Lives on the worker's loop.
final class SharedCalls {
    private struct Name: Hashable {
        var high: UInt64
        var low: UInt64

        init(_ name: ProviderRequest.SharedName) {
            self.high = name.high
            self.low = name.low
        }
    }

    /// Nanoseconds that a listener may keep others waiting by not reading.
    var listenerPatience: UInt64 = 2_000_000_000
    private var calls: [Name: [SharedCall]] = [:]
    /// Requests that were answered by another one's call.
    let joined: MetricCounter

    init(_ page: MetricPage) {
        self.joined = page.counter(MetricCatalogue.requestsShared)
    }

    /// Requests of that name which differ in what the name leaves out have calls of their own.
    func call(for request: ProviderRequest) -> SharedCall? {
        guard let name = request.sharedName else { return nil }
        return self.calls[Name(name)]?.first { $0.serves(request) }
    }

    func add(_ call: SharedCall) {
        guard let name = call.request.sharedName else { return }
        self.calls[Name(name), default: []].append(call)
    }

    /// Nobody may join it any more; harmless where that is so already.
    func remove(_ call: SharedCall) {
        guard let name = call.request.sharedName, let index = self.calls.index(forKey: Name(name)) else { return }
        self.calls.values[index].removeAll { $0 === call }
        if self.calls.values[index].isEmpty { self.calls.remove(at: index) }
    }

    func countJoined() { self.joined.add() }

    /// Names of calls that may be joined.
    var count: Int { self.calls.count }
}
