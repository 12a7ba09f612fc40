import Domain
import Glibc
import Journal
import Platform

/// What BEGIN and SETTLE of a request cost the event loop: at a steady rate as a gateway has it, with the sync thread
/// working beside it, and as fast as one thread can until the segments made ahead are full.
struct AppendBenchmark {
    let folder: String

    func run() throws {
        #if DEBUG
        print("a debug build: these figures mean nothing")
        #endif
        let journal = "\(self.folder)/journal-bench"
        guard unsafe mkdir(journal, 0o700) == 0 || errno == EEXIST else { throw SystemError.last("mkdir") }
        for rate in [1000, 5000, 20_000] { try self.steady(journal, requestsPerSecond: rate) }
        try self.burst(journal)
        unsafe rmdir(journal)
    }

    private func writer(_ folder: String, _ instance: UInt32, _ segmentSize: Int) throws(JournalError) -> JournalWriter
    {
        try JournalWriter(
            folder: folder, owner: JournalOwner(host: 1, instance: instance, role: .edge),
            settings: JournalSettings(maxBytes: 4 << 30), segmentSize: segmentSize)
    }

    /// Ten requests at a time, so that the clock does not count.
    private func steady(_ folder: String, requestsPerSecond rate: Int) throws {
        let writer = try self.writer(folder, UInt32(rate), 4 << 20)
        var batches: [UInt64] = []
        var processor: UInt64 = 0
        var refused = 0
        let start = Clocks.monotonicNanoseconds()
        var number: UInt64 = 0
        let requests = UInt64(rate * 3)
        while number < requests {
            let due = start + number * 1_000_000_000 / UInt64(rate)
            while Clocks.monotonicNanoseconds() < due {}
            let cpu = AppendBenchmark.threadNanoseconds()
            let before = Clocks.monotonicNanoseconds()
            for _ in 0..<10 {
                let admission = writer.begin(SampleRequest.begin(number))
                if admission != .recorded { refused += 1 }
                writer.settle(SampleRequest.settle(number), admission)
                number += 1
            }
            batches.append(Clocks.monotonicNanoseconds() - before)
            processor += AppendBenchmark.threadNanoseconds() - cpu
        }
        self.report("steady, \(rate) requests/s", &batches, processor, refused)
        writer.close()
        try self.clear(folder)
    }

    private func burst(_ folder: String) throws {
        let writer = try self.writer(folder, 1, 32 << 20)
        var batches: [UInt64] = []
        var processor: UInt64 = 0
        var number: UInt64 = 0
        var refused = 0
        while number < 60_000 {
            let cpu = AppendBenchmark.threadNanoseconds()
            let before = Clocks.monotonicNanoseconds()
            for _ in 0..<10 {
                let admission = writer.begin(SampleRequest.begin(number))
                if admission != .recorded { refused += 1 }
                writer.settle(SampleRequest.settle(number), admission)
                number += 1
            }
            batches.append(Clocks.monotonicNanoseconds() - before)
            processor += AppendBenchmark.threadNanoseconds() - cpu
        }
        self.report("burst", &batches, processor, refused)
        writer.close()
        try self.clear(folder)
    }

    private func report(_ name: String, _ batches: inout [UInt64], _ processor: UInt64, _ refused: Int) {
        batches.sort()
        let appends = UInt64(batches.count * 20)
        let mean = batches.reduce(0, +) / appends
        let cpu = processor / appends
        print(
            "\(name): \(cpu) ns of processor an append (mean of \(appends)); by the clock mean \(mean), median \(batches[batches.count / 2] / 20), "
                + "p99 of ten requests \(batches[batches.count * 99 / 100] / 1000) µs, worst "
                + "\((batches.last ?? 0) / 1000) µs, refused \(refused)")
    }

    /// What this thread has used of a processor: not what others took from it meanwhile.
    private static func threadNanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func clear(_ folder: String) throws(JournalError) {
        for segment in try JournalFolder.contents(folder).segments { try JournalFolder.remove(segment) }
    }
}
