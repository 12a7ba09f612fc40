internal import Domain

/// The steps of a request in the upstream. Where nothing but one first call happens, none is kept.
struct DispatchTrail {
    /// Most steps about places passed over, so that many of them leave room for what was done.
    static let maximumPassedOver = 20

    private(set) var steps: [TrailStep] = []
    private var passedOver = 0
    private var startedAt: UInt64 = 0
    /// The first call, where nothing came before it: it becomes a step when something comes after it.
    private var held: TrailStep?

    mutating func begin(at now: UInt64) { self.startedAt = now }

    /// The request's first call.
    mutating func firstCall(_ place: Int, number: UInt8, at now: UInt64) {
        let step = self.step(.called, place, UInt32(number), now)
        guard self.steps.isEmpty else { return self.keep(step) }
        self.held = step
    }

    mutating func add(_ kind: TrailStep.Kind, _ place: Int, _ detail: UInt32 = 0, at now: UInt64) {
        if let held = self.held.take() { self.keep(held) }
        self.keep(self.step(kind, place, detail, now))
    }

    /// Nanoseconds as a detail in milliseconds, rounded up.
    mutating func add(_ kind: TrailStep.Kind, _ place: Int, nanoseconds: UInt64, at now: UInt64) {
        let milliseconds = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
        self.add(kind, place, UInt32(clamping: milliseconds), at: now)
    }

    /// A place that cannot be called now.
    mutating func passOver(_ place: Int, _ standing: CallStanding, at now: UInt64) {
        guard self.passedOver < Self.maximumPassedOver else { return }
        self.passedOver += 1
        switch standing {
        // Overtaken by others between the question and the taking.
        case .free, .busy: self.add(.busy, place, at: now)
        case .breakerOpen(let time): self.add(.breakerOpen, place, nanoseconds: time, at: now)
        case .keysCooling(let time): self.add(.keysCooling, place, nanoseconds: time, at: now)
        case .keysLimited(let time): self.add(.keysLimited, place, nanoseconds: time, at: now)
        case .keysOut: self.add(.keysOut, place, at: now)
        }
    }

    private mutating func keep(_ step: TrailStep) {
        guard self.steps.count < TrailStep.maximumCount else { return }
        self.steps.append(step)
    }

    private func step(_ kind: TrailStep.Kind, _ place: Int, _ detail: UInt32, _ now: UInt64) -> TrailStep {
        let elapsed = now > self.startedAt ? (now - self.startedAt) / 1000 : 0
        return TrailStep(kind, call: UInt8(clamping: place), detail: detail, at: UInt32(clamping: elapsed))
    }
}
