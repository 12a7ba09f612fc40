public import Domain
public import Platform

/// What every process says of itself: processor time, memory, descriptors, and lines of the log that nobody took.
public struct ProcessMetrics {
    private var processorTime: MetricTotal
    private var droppedLines: MetricTotal
    private let memory: MetricGauge
    private let descriptors: MetricGauge
    private let descriptorLimit: MetricGauge

    public init(_ page: MetricPage, role: Role) {
        self.droppedLines = MetricTotal(page.counter(MetricCatalogue.logLinesDropped, role.label))
        self.processorTime = MetricTotal(page.counter(MetricCatalogue.processCPU))
        self.memory = page.gauge(MetricCatalogue.processMemory)
        self.descriptors = page.gauge(MetricCatalogue.processDescriptors)
        self.descriptorLimit = page.gauge(MetricCatalogue.processDescriptorLimit)
    }

    /// Brings the page up to date. `droppedLines` is a total since the start of the process.
    public mutating func update(_ usage: ProcessUsage = .current(), droppedLines: UInt64) {
        self.droppedLines.follow(droppedLines)
        self.processorTime.follow(usage.processorTime)
        if let bytes = usage.residentBytes { self.memory.set(Int64(clamping: bytes)) }
        if let count = usage.descriptors { self.descriptors.set(Int64(clamping: count)) }
        if let limit = usage.descriptorLimit { self.descriptorLimit.set(Int64(clamping: limit)) }
    }
}
