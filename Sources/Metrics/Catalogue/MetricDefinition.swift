/// What a metric is: its name, how its values behave, and which labels each of its series carries.
public struct MetricDefinition: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// Counted in millionths, written out in units: microseconds become seconds.
        case histogram
    }

    /// What a counter's values count.
    public enum Unit: Hashable, Sendable {
        case one
        /// Billionths, written out as decimals: exact where a floating-point number would not be.
        case billionth
        /// The same for millionths.
        case millionth
    }

    public let name: String
    public let kind: Kind
    public let unit: Unit
    /// One sentence for the `# HELP` line.
    public let help: String
    /// Label names in the order they are written out; every series has exactly these.
    public let labels: [String]
    /// The labels whose values a client can choose at will. When too many series exist, these become `other`.
    public let openLabels: Set<String>
    /// Each process has one, and does not name itself: who it is (`role`, `slot`) is known from whose page it stands on.
    public let isOfProcess: Bool

    public init(
        name: String, kind: Kind, unit: Unit = .one, help: String, labels: [String] = [], openLabels: Set<String> = []
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.labels = labels
        self.openLabels = openLabels
        self.isOfProcess = false
    }

    /// What each process has one of.
    public init(ofProcess name: String, kind: Kind, unit: Unit = .one, help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.labels = ["role", "slot"]
        self.openLabels = []
        self.isOfProcess = true
    }

    /// How many labels a series has where it is counted.
    public var countedLabels: Int { self.isOfProcess ? 0 : self.labels.count }
}
