import Administration
import Domain
import HTTPClient
import Platform

/// One call to a provider, on control's loop: bounded in time and in what is read. Keeps itself alive until it is over.
final class ProbeCall: HTTPTransferDelegate {
    /// Nanoseconds for all of it.
    static let patience: UInt64 = 10_000_000_000
    /// Bytes of an answer that are read.
    static let bodyLimit = 4 << 20

    private let probe: ProviderProbe
    private let loop: EpollLoop
    private let began = Clocks.monotonicNanoseconds()
    private var transfer: HTTPTransfer?
    private var timer: LoopTimer?
    private var status: Int?
    private var body: [UInt8] = []
    private var then: ((ProbeResult) -> Void)?

    private init(_ probe: ProviderProbe, _ loop: EpollLoop, then: @escaping (ProbeResult) -> Void) {
        self.probe = probe
        self.loop = loop
        self.then = then
    }

    /// `then` is called once, on the loop.
    static func start(
        _ probe: ProviderProbe, _ client: HTTPClient, loop: EpollLoop, then: @escaping (ProbeResult) -> Void
    ) {
        let call = ProbeCall(probe, loop, then: then)
        let target = HTTPTarget(
            HTTPTarget.Settings(
                url: probe.url, method: probe.listsModels ? .get : .post,
                headers: probe.headers.map { line in line.withBytes { $0 } }, connectTimeout: 5_000,
                caFile: probe.caFile, proxy: probe.proxy, reach: Self.reach(probe.reach)),
            limit: HTTPConnectionLimit(maximum: 1))
        call.timer = loop.schedule(after: Self.patience) { call.endLate() }
        call.transfer = client.start(
            target, body: .bytes(probe.listsModels ? [] : Array("{}".utf8)), onNewConnection: true, delegate: call)
    }

    func requestGoesOut() {}

    func headReceived(_ head: HTTPResponseHead) { self.status = Int(head.status) }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        guard self.body.count + bytes.count <= Self.bodyLimit else {
            self.breakOff("The provider's answer is longer than \(Self.bodyLimit >> 20) MB.")
            return .proceed
        }
        unsafe self.body.append(contentsOf: bytes)
        return .proceed
    }

    func finished(_ error: HTTPClientError?) {
        self.end(
            ProbeResult(
                self.probe, status: self.status, body: self.body, milliseconds: self.milliseconds, error: error))
    }

    private func endLate() {
        self.breakOff("The provider did not answer within \(Self.patience / 1_000_000_000) s.")
    }

    private func breakOff(_ message: String) {
        self.transfer?.cancel()
        self.end(.broken(message, milliseconds: self.milliseconds))
    }

    private func end(_ result: ProbeResult) {
        if let timer { self.loop.cancel(timer) }
        self.timer = nil
        self.transfer = nil
        let then = self.then
        self.then = nil
        then?(result)
    }

    private var milliseconds: UInt64 { (Clocks.monotonicNanoseconds() &- self.began) / 1_000_000 }

    private static func reach(_ reach: ProviderReach) -> HTTPReach {
        switch reach {
        case .anywhere: .anywhere
        case .publicInternet: PublicURL.allowsLoopback ? .publicInternetOrLoopback : .publicInternet
        }
    }
}
