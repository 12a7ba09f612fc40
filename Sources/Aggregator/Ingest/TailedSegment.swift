import Journal

/// A segment that is being read.
struct TailedSegment {
    /// Nil once it is done: a process that is dead can leave thousands of segments, which all stay until the last is done.
    private(set) var reader: SegmentReader?
    /// The number of its owner in the usage database.
    var owner: UInt32?
    /// Nothing more can come.
    var isDone: Bool { self.reader == nil }
    /// A part of it could not be read.
    var isDamaged = false

    init(_ reader: SegmentReader) {
        self.reader = reader
    }

    /// Closes the file: everything was read.
    mutating func finish() { self.reader = nil }
}

extension SegmentName {
    /// By which the usage database knows the segment.
    var key: String { "\(self.host)-\(self.instance)-\(self.sequence)" }
    var owner: TailedOwner { TailedOwner(host: self.host, instance: self.instance) }
}

/// A process that writes, or has written, a journal.
struct TailedOwner: Hashable {
    var host: UInt32
    var instance: UInt32
}
