/// What processes of several roles count.
extension MetricCatalogue {
    public static let logLinesDropped = MetricDefinition(
        name: "sluice_log_lines_dropped_total", kind: .counter,
        help: "Lines of the log that were not written, as nobody took them.", labels: ["role"])
    public static let recordsLost = MetricDefinition(
        name: "sluice_records_lost_total", kind: .counter,
        help: "Records that were not written because the journal was full and its policy is open.")
    public static let snapshots = MetricDefinition(
        name: "sluice_snapshots", kind: .gauge,
        help: "Versions of the configuration that workers hold, those included that requests still keep.",
        labels: ["role"])
    public static let linkBytes = MetricDefinition(
        name: "sluice_link_bytes_total", kind: .counter,
        help: "Bytes of the frames that processes of a role have sent over links.", labels: ["role", "peer"])
    public static let linkFrames = MetricDefinition(
        name: "sluice_link_frames_total", kind: .counter,
        help: "Frames that processes of a role have sent over links.", labels: ["role", "peer"])
    public static let links = MetricDefinition(
        name: "sluice_links", kind: .gauge, help: "Ends of links that are open in processes of a role.",
        labels: ["role", "peer"])
    public static let linkStalls = MetricDefinition(
        name: "sluice_link_stalls_total", kind: .counter,
        help: "Times data had to wait because a link's window was used up or its socket full.",
        labels: ["role", "peer"])
    public static let processCPU = MetricDefinition(
        ofProcess: "sluice_process_cpu_seconds_total", kind: .counter, unit: .millionth,
        help: "Processor time that the processes in a place of the tree have used.")
    public static let processDescriptors = MetricDefinition(
        ofProcess: "sluice_process_open_fds", kind: .gauge, help: "Descriptors that are open in a process.")
    public static let processDescriptorLimit = MetricDefinition(
        ofProcess: "sluice_process_max_fds", kind: .gauge, help: "How many descriptors a process may have open.")
    public static let processMemory = MetricDefinition(
        ofProcess: "sluice_process_resident_memory_bytes", kind: .gauge,
        help: "Memory of a process, what it shares with others included.")

    /// All of them.
    static let processes = [
        linkBytes, linkFrames, linkStalls, links, logLinesDropped, processCPU, processDescriptorLimit,
        processDescriptors, processMemory, recordsLost, snapshots,
    ]
}
