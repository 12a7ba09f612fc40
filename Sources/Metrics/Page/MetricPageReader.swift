public import Platform
import IPC

/// Reads the page of another process, whose bytes may be anything and change at any time. Lives on one thread.
///
/// Entries are read once, when they are new; values as often as asked for.
public final class MetricPageReader {
    private enum Source {
        case area(SharedArea)
        case page(MetricPage)
    }

    private let source: Source
    private var epoch: UInt64 = 0
    /// Bytes of the directory that were read.
    private var bytes = 0
    /// Something in the directory is malformed: nothing behind it is read.
    private var isBroken = false

    /// Maps the page for reading.
    public init(_ descriptor: consuming OwnedDescriptor) throws(SystemError) {
        let area = try SharedArea(descriptor, for: .reading)
        guard area.size == MetricPageLayout.size else { throw SystemError(operation: "map a metric page", code: 22) }
        self.source = .area(area)
    }

    /// A page of the process's own.
    public init(of page: MetricPage) {
        self.source = .page(page)
    }

    /// What is new in the directory. `isAnew`: the page was begun anew, and what was returned before is void.
    public func news() -> (isAnew: Bool, entries: [MetricPageEntry]) {
        unsafe self.read { memory in
            guard unsafe Self.word(memory, MetricPageLayout.magicOffset) == MetricPageLayout.magic,
                unsafe Self.word(memory, MetricPageLayout.versionOffset) == MetricPageLayout.version
            else { return (self.beginAnew(0), []) }
            let epoch = unsafe Self.word(memory, MetricPageLayout.epochOffset)
            let count = unsafe Int(clamping: Self.word(memory, MetricPageLayout.directoryCountOffset))
            var isAnew = false
            if epoch != self.epoch || count < self.bytes { isAnew = self.beginAnew(epoch) }
            guard count > self.bytes, count <= MetricPageLayout.directorySize, !self.isBroken else {
                return (isAnew, [])
            }
            let place = MetricPageLayout.directoryOffset + self.bytes
            let copy = unsafe Array(memory[place..<(MetricPageLayout.directoryOffset + count)])
            let (entries, isWhole) = MetricPageEntry.all(in: copy)
            self.bytes = count
            self.isBroken = !isWhole
            return (isAnew, entries)
        }
    }

    /// True where something was known before.
    private func beginAnew(_ epoch: UInt64) -> Bool {
        let knewSomething = self.bytes > 0
        self.epoch = epoch
        self.bytes = 0
        self.isBroken = false
        return knewSomething
    }

    /// Whether a process writes here; its gauges are worth nothing when it has gone.
    public var isInUse: Bool { unsafe self.read { unsafe Self.word($0, MetricPageLayout.instanceOffset) != 0 } }

    /// Series for which the page had no room, and one more where a part of it cannot be read.
    public var refused: UInt64 {
        let counted = unsafe self.read { unsafe Self.word($0, MetricPageLayout.refusedOffset) }
        return self.isBroken ? counted.addingReportingOverflow(1).partialValue : counted
    }

    /// The value of an entry of this page; nil for a gauge that was not set.
    public func value(of entry: MetricPageEntry) -> MetricValue? {
        unsafe self.read { memory in
            func word(_ index: Int) -> UInt64 {
                unsafe Self.word(memory, MetricPageLayout.valuesOffset + 8 * (entry.first + index))
            }
            switch entry.kind {
            case .counter: return .counter(word(0))
            case .gauge:
                let value = Int64(bitPattern: word(0))
                return value == MetricPageLayout.unsaid ? nil : .gauge(value)
            case .histogram(let bounds):
                return .histogram(
                    bounds: bounds, counts: (0...bounds.count).map(word), sum: word(bounds.count + 1))
            }
        }
    }

    private func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self.source {
        case .page(let page): return unsafe page.read(body)
        case .area(let area):
            // The size was checked.
            guard let bytes = area.bytes(at: 0, count: MetricPageLayout.size) else {
                return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
            }
            return unsafe bytes.withUnsafeBytes(body)
        }
    }

    /// A word, read whole; `offset` is a multiple of 8.
    private static func word(_ memory: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        guard offset >= 0, offset <= memory.count - 8, let start = memory.baseAddress else { return 0 }
        return unsafe SharedWord.observe((start + offset).assumingMemoryBound(to: UInt64.self))
    }
}
