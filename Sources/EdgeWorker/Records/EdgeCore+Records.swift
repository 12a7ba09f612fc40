import Domain
import IPC
import Journal
import EventLog

/// How a request gets into the journal, and how it is over.
extension EdgeCore {
    // MARK: Begin

    /// The request's body is whole: writes BEGIN, before anything reads the body. A crash while it is read finds the request
    /// in the journal.
    func begin(
        _ request: CurrentRequest, _ principal: Principal, _ endpoint: Endpoint, _ body: UnsafeRawBufferPointer
    ) throws(GatewayError) {
        let now = self.now
        request.receivedAt = now
        let fingerprint = unsafe RequestFingerprint.make(project: principal.project, body)
        let admission = self.journal.begin(
            BeginRecord(
                record: request.record, principal: principal, endpoint: endpoint,
                bodyBytes: UInt64(clamping: body.count), fingerprint: fingerprint,
                zone: self.desk.quarterHours(of: request, at: self.wallSeconds), traceID: request.traceID,
                label: request.requestID.map { Array($0.utf8) } ?? [], tags: request.tags))
        guard admission != .refused else { throw .journalFull }
        request.recording = .begun(admission)
        guard let deadline = self.quarantined.isEmpty ? nil : self.quarantined[fingerprint] else { return }
        guard now < deadline else {
            self.quarantined[fingerprint] = nil
            return
        }
        throw .quarantined(seconds: UInt32(clamping: (deadline - now) / 1_000_000_000))
    }

    // MARK: End

    /// The reply is whole, or cannot become so, or the client has gone: writes SETTLE if there was a BEGIN, and counts the
    /// request. To be called once for a request, before the last byte of its reply is handed to the socket.
    func finish(_ request: CurrentRequest, isGone: Bool) {
        if request.endedAt == nil { request.endedAt = self.now }
        request.administration?.ended()
        let settlement = request.settlement(with: self.estimator)
        if case .begun(let admission) = request.recording {
            request.recording = .settled
            let isRemarkable = request.isRemarkable(isGone: isGone)
            if isRemarkable {
                request.limits.completeFigures(
                    { self.time(of: $0) }, softPercent: request.settings.limitPolicy.softPercent)
            }
            let record = request.settleRecord(settlement, isGone: isGone, isRemarkable: isRemarkable)
            self.write(record, admission, for: request)
            self.settled &+= 1
            self.learn(request, settlement)
        }
        self.settleLimits(request, settlement, isGone: isGone)
        let measured = request.measured(settlement)
        self.metrics.record(measured)
        self.logRequest(
            request, settlement,
            AccessLog.End(
                status: measured.status, provider: measured.provider, duration: measured.duration, isGone: isGone))
    }

    private func write(_ record: SettleRecord, _ admission: JournalWriter.Admission, for request: CurrentRequest) {
        #if SLUICE_TEST_HOOKS
        if request.dropsSettle { return }
        #endif
        self.journal.settle(record, admission)
    }

    /// A sample is enough, once there is something to go by: learning costs more than settling.
    private func learn(_ request: CurrentRequest, _ settlement: Settlement) {
        guard self.settled & 31 == 0 || self.settled < 64, let usage = settlement.usage,
            let target = request.teaches(settlement)
        else { return }
        self.estimator.learn(
            request.settings.estimatorModel(target), usage, bodyBytes: request.receivedBody,
            replyBytes: request.replyBytes, isStream: request.isStream)
    }

    /// The client has gone while `exchange` was running: stops it, and settles the request when it is known what it cost.
    func depart(_ request: CurrentRequest, _ exchange: Exchange) {
        request.endedAt = self.now
        guard request.isRecorded else {
            exchange.cancel()
            return self.finish(request, isGone: true)
        }
        let departed = DepartedClient(request, core: self)
        guard exchange.stop(on: self.eventLoop, informing: departed) else {
            return self.finish(request, isGone: true)
        }
        self.departed[request.record] = departed
    }

    /// What the request of a client that has gone has cost is known, or will never be.
    func settle(_ client: DepartedClient) {
        guard self.departed.removeValue(forKey: client.request.record) != nil else { return }
        self.finish(client.request, isGone: true)
        self.checkDrained()
    }

    /// The process ends: whatever has begun is settled now, by what is known of it.
    func settleAll() {
        for client in Array(self.departed.values) { self.settle(client) }
    }

    // MARK: Quarantine

    /// What the supervisor has decided.
    func take(_ quarantine: Quarantine) {
        if quarantine.milliseconds == 0 {
            self.clearQuarantine(fingerprint: quarantine.fingerprint)
        } else {
            self.quarantine(fingerprint: quarantine.fingerprint, milliseconds: quarantine.milliseconds)
        }
    }

    /// Refuses requests with this fingerprint for `milliseconds` from now on.
    func quarantine(fingerprint: UInt64, milliseconds: UInt64) {
        let now = self.now
        self.quarantined = self.quarantined.filter { $0.value > now }
        let (time, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let (deadline, carry) = now.addingReportingOverflow(time)
        self.quarantined[fingerprint] = overflow || carry ? .max : deadline
    }

    /// Takes requests with this fingerprint again.
    func clearQuarantine(fingerprint: UInt64) {
        self.quarantined[fingerprint] = nil
    }
}
