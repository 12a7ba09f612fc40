public import Platform
import IPC

/// What one process counts, on memory that outlives it (`MetricPageLayout`): the supervisor keeps the page and gives it to the next
/// process in the same place, which goes on with the numbers, and the aggregator reads it when it is asked for them.
///
/// A series is looked up by `counter`, `gauge` or `histogram`, which adds it if it is new; what they return is kept, and counting is
/// then a store. Lives on one thread. A page is never given back: what was handed out points into it.
// SAFETY: `start` points to `MetricPageLayout.size` bytes for as long as the process lives; each access stays within them, by what
// `MetricPageEntry` has checked or `room` has found.
@safe
public final class MetricPage {
    private struct Key: Hashable {
        var name: String
        var labels: [[UInt8]]
    }

    private let start: UnsafeMutableRawPointer
    private let area: SharedArea?
    private var entries: [Key: MetricPageEntry] = [:]
    /// Words and bytes that are taken.
    private var words = 0
    private var bytes = 0
    /// Series by the name of their metric.
    private var series: [String: Int] = [:]

    /// Goes on with the page that another process may have begun. What is no page of this version is begun anew.
    public init(_ descriptor: consuming OwnedDescriptor) throws(SystemError) {
        let area = try SharedArea(descriptor, for: .writing)
        guard let words = unsafe area.words(at: 0, count: MetricPageLayout.size / 8) else {
            throw SystemError(operation: "map a metric page", code: 22)
        }
        unsafe self.start = UnsafeMutableRawPointer(words)
        self.area = area
        // Kept for ever.
        _ = unsafe Unmanaged.passRetained(area)
        if !self.goOn() { self.begin() }
    }

    /// In memory of the process's own: nobody sees it.
    public init() {
        unsafe self.start = .allocate(byteCount: MetricPageLayout.size, alignment: 4096)
        self.area = nil
        // Not the whole of it: what is not looked at takes no memory.
        unsafe self.start.initializeMemory(as: UInt8.self, repeating: 0, count: MetricPageLayout.directoryOffset)
        self.begin()
    }

    /// Makes the memory of a page. `role` shows up in /proc/PID/fd.
    public static func make(_ role: String) throws(SystemError) -> OwnedDescriptor {
        try SharedArea.make(name: "sluice-metrics-\(role)", size: MetricPageLayout.size)
    }

    // MARK: Series

    /// The counter with these labels (in the definition's order). Nil: there is none yet, and the metric has `limit` series already.
    public func counter(_ metric: MetricDefinition, _ labels: [[UInt8]], limit: Int) -> MetricCounter? {
        guard let word = unsafe self.word(metric, labels, .counter, limit: limit) else { return nil }
        return unsafe MetricCounter(word)
    }

    /// The counter with these labels (in the definition's order). Where the page has no room for it, one that nobody sees.
    public func counter(_ metric: MetricDefinition, _ labels: [[UInt8]] = []) -> MetricCounter {
        self.counter(metric, labels, limit: .max) ?? MetricCounter()
    }

    public func counter(_ metric: MetricDefinition, _ labels: String...) -> MetricCounter {
        self.counter(metric, labels.map { Array($0.utf8) })
    }

    /// The gauge with these labels. It says nothing until it is set.
    public func gauge(_ metric: MetricDefinition, _ labels: String...) -> MetricGauge {
        guard let word = unsafe self.word(metric, labels.map { Array($0.utf8) }, .gauge) else { return MetricGauge() }
        return unsafe MetricGauge(word)
    }

    /// The histogram with these labels. `bounds` are those of all series of the metric.
    public func histogram(_ metric: MetricDefinition, bounds: [UInt64], _ labels: String...) -> MetricHistogram {
        let kind = MetricPageEntry.Kind.histogram(bounds: bounds)
        guard let words = unsafe self.word(metric, labels.map { Array($0.utf8) }, kind) else {
            return MetricHistogram()
        }
        return unsafe MetricHistogram(words, bounds: bounds)
    }

    /// The label values of the series of a metric that are there already.
    public func labels(of metric: MetricDefinition) -> [[[UInt8]]] {
        self.entries.values.filter { $0.name == metric.name }.map(\.labels)
    }

    private func word(
        _ metric: MetricDefinition, _ labels: [[UInt8]], _ kind: MetricPageEntry.Kind, limit: Int = .max
    ) -> UnsafeMutablePointer<UInt64>? {
        let key = Key(name: metric.name, labels: labels)
        if let known = self.entries[key], known.kind == kind { return unsafe self.value(known.first) }
        guard self.series[metric.name, default: 0] < limit else { return nil }
        let entry = MetricPageEntry(name: metric.name, labels: labels, kind: kind, first: self.words)
        var writer = WireWriter(reserving: 256)
        entry.write(to: &writer)
        guard entry.isWithinLimits, entry.words <= MetricPageLayout.valueCount - self.words,
            writer.bytes.count <= MetricPageLayout.directorySize - self.bytes,
            self.hasMemory(entry, bytes: writer.bytes.count)
        else {
            unsafe self.header(MetricPageLayout.refusedOffset).pointee &+= 1
            return nil
        }
        let words = unsafe self.value(entry.first)
        for index in 0..<entry.words { unsafe words[index] = 0 }
        if kind == .gauge { unsafe words.pointee = UInt64(bitPattern: MetricPageLayout.unsaid) }
        unsafe (self.start + MetricPageLayout.directoryOffset + self.bytes)
            .copyMemory(from: writer.bytes, byteCount: writer.bytes.count)
        self.take(entry, bytes: writer.bytes.count)
        unsafe SharedWord.publish(self.header(MetricPageLayout.directoryCountOffset), UInt64(self.bytes))
        return unsafe words
    }

    private func take(_ entry: MetricPageEntry, bytes: Int) {
        self.entries[Key(name: entry.name, labels: entry.labels)] = entry
        self.series[entry.name, default: 0] += 1
        self.words = max(self.words, entry.first + entry.words)
        self.bytes += bytes
    }

    /// A write where there is no memory left would end the process.
    private func hasMemory(_ entry: MetricPageEntry, bytes: Int) -> Bool {
        guard let area = self.area else { return true }
        let value = MetricPageLayout.valuesOffset + 8 * entry.first
        let place = MetricPageLayout.directoryOffset + self.bytes
        return area.reserve(value..<(value + 8 * entry.words)) && area.reserve(place..<(place + bytes))
    }

    // MARK: Memory

    private func header(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        unsafe (self.start + offset).assumingMemoryBound(to: UInt64.self)
    }

    private func value(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        unsafe self.header(MetricPageLayout.valuesOffset) + index
    }

    /// Takes over what stands there. False where that is no whole page.
    private func goOn() -> Bool {
        guard self.hasHeader, unsafe self.header(MetricPageLayout.magicOffset).pointee == MetricPageLayout.magic,
            unsafe self.header(MetricPageLayout.versionOffset).pointee == MetricPageLayout.version
        else { return false }
        let count = unsafe self.header(MetricPageLayout.directoryCountOffset).pointee
        guard let bytes = Int(exactly: count), bytes <= MetricPageLayout.directorySize else { return false }
        let (entries, isWhole) = MetricPageEntry.all(
            in: unsafe Array(
                UnsafeRawBufferPointer(start: self.start + MetricPageLayout.directoryOffset, count: bytes)))
        guard isWhole else { return false }
        for entry in entries {
            self.take(entry, bytes: 0)
            if entry.kind == .gauge {
                unsafe self.value(entry.first).pointee = UInt64(bitPattern: MetricPageLayout.unsaid)
            }
        }
        self.bytes = bytes
        return true
    }

    private func begin() {
        guard self.hasHeader else { return self.words = MetricPageLayout.valueCount }
        unsafe SharedWord.publish(self.header(MetricPageLayout.directoryCountOffset), 0)
        unsafe self.header(MetricPageLayout.refusedOffset).pointee = 0
        unsafe self.header(MetricPageLayout.versionOffset).pointee = MetricPageLayout.version
        unsafe self.header(MetricPageLayout.epochOffset).pointee &+= 1
        unsafe SharedWord.publish(self.header(MetricPageLayout.magicOffset), MetricPageLayout.magic)
    }

    private var hasHeader: Bool { self.area?.reserve(0..<MetricPageLayout.valuesOffset) ?? true }

    /// For reading in the process itself.
    func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(start: self.start, count: MetricPageLayout.size))
    }
}
