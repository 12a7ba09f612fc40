import Database
import Domain
import Glibc
import Journal
import EventLog
import Platform
import UsageStore

/// Brings what edges and upstreams write into their journals to the usage database, and removes the segments that are there
/// whole.
///
/// Reads the files of the living as well as of the dead. Rows and read positions are committed together, and a segment is
/// removed only afterwards, so a record is never lost, and one that is read twice changes nothing. What a dead edge has left
/// open is settled before its segments go. Time is passed in; the files are the only state beside the database's.
final class JournalTail {
    /// What a step came to.
    enum Outcome: Hashable {
        /// There is more to read now.
        case more
        /// Everything there was has been read.
        case idle
    }

    /// Records of one transaction: some ten milliseconds of work. With a quarter of that a request cost the aggregator a fifth more under load: what
    /// many requests change together (sums, the last pages of indexes) is written once for each transaction.
    static let batch = 16_000
    /// Records that are read of one owner before another's turn comes.
    private static let stride = 32

    private var log: Log { self.census.log }
    private(set) var counts: IngestCounts
    private let census: JournalCensus
    private let writer: any UsageSink
    private var open: [SegmentName: TailedSegment] = [:]
    private(set) var positions: [String: UInt64]
    /// Segments that are gone and whose positions are to be forgotten with the next commit.
    private var obsolete: [String] = []
    /// Milliseconds of the newest request in what was read of each owner. Of one owner, segments are read one after the other,
    /// so that a few are open at a time, however many there are.
    private var readUntil: [TailedOwner: UInt64] = [:]
    private var isFirst = true

    /// `counts` are those of a tail before this one, whose database was closed.
    init(
        census: JournalCensus, writer: any UsageSink, counts: IngestCounts = IngestCounts()
    ) throws(DatabaseError) {
        self.counts = counts
        self.census = census
        self.writer = writer
        self.positions = try writer.positions()
    }

    /// What the journals say of processes, as of the last step.
    var standings: JournalStandings { self.census.standings }

    /// Reads what is new, one transaction of at most `limit` records. `now` is monotonic, in nanoseconds; `looksAgain` asks
    /// who lives even if that was asked a moment ago.
    ///
    /// Throws what the database throws: nothing of the step has happened then, and the next one does it again.
    func step(now: UInt64, limit: Int = batch, looksAgain: Bool = false) throws(DatabaseError) -> Outcome {
        guard let contents = self.census.look(now: now, looksAgain: looksAgain) else { return .idle }
        let segments = contents.segments
        self.counts.journalBytes = contents.bytes
        self.forget(missingFrom: segments)
        do throws(DatabaseError) {
            let isWhole = try self.read(segments, limit: limit)
            try self.settle(segments)
            self.counts.lag = isWhole ? 0 : self.unread(segments)
            self.counts.databaseBytes = try self.writer.size()
            return isWhole ? .idle : .more
        } catch {
            self.writer.rollback()
            self.open = [:]
            self.counts.databaseErrors += 1
            throw error
        }
    }

    /// Forgets what is known of files that are gone.
    private func forget(missingFrom segments: [JournalFolder.Segment]) {
        if self.isFirst {
            let present = Set(segments.map(\.name.key))
            self.obsolete = self.positions.keys.filter { !present.contains($0) }
            self.isFirst = false
        }
        self.readUntil = self.readUntil.filter { self.census.standings.owners.contains($0.key) }
        if self.open.count + self.census.leftAlone.count > segments.count {
            let names = Set(segments.map(\.name))
            self.open = self.open.filter { names.contains($0.key) }
            self.census.leftAlone.formIntersection(names)
        }
    }

    // MARK: Reading

    /// Whether everything was read; the records are committed.
    ///
    /// All owners advance together, by the times of their requests: what edge and upstream say of one comes into one batch, and
    /// makes its row at once.
    private func read(_ segments: [JournalFolder.Segment], limit: Int) throws(DatabaseError) -> Bool {
        var batch = Batch()
        var cursors = self.cursors(segments)
        while batch.records < limit, let index = cursors.indices.min(by: { cursors[$0].time < cursors[$1].time }) {
            try self.read(segments, &cursors[index], limit: limit, &batch)
            if cursors[index].places.isEmpty { cursors.remove(at: index) }
        }
        guard batch.hasBegun else { return true }
        for (name, offset) in batch.offsets { try self.writer.setPosition(offset, of: name.key) }
        for key in self.obsolete { try self.writer.removePosition(of: key) }
        try self.writer.commit()
        for (name, offset) in batch.offsets { self.positions[name.key] = offset }
        for key in self.obsolete { self.positions[key] = nil }
        self.obsolete = []
        self.counts.records += UInt64(batch.records)
        self.counts.batches += 1
        return batch.records < limit
    }

    private struct Batch {
        var hasBegun = false
        var records = 0
        var offsets: [SegmentName: UInt64] = [:]
    }

    /// Where a step is in the segments of one owner.
    private struct Cursor {
        let owner: TailedOwner
        /// Of the segments left to read.
        var places: Range<Int>
        /// Whether nothing more can be written to the first of them; nil until that was asked, which takes system calls.
        var isGone: Bool?
        /// As `readUntil`.
        var time: UInt64
    }

    private func cursors(_ segments: [JournalFolder.Segment]) -> [Cursor] {
        var cursors: [Cursor] = []
        for place in segments.indices {
            let owner = segments[place].name.owner
            if let last = cursors.last, last.owner == owner {
                cursors[cursors.count - 1].places = last.places.lowerBound..<place + 1
            } else {
                cursors.append(Cursor(owner: owner, places: place..<place + 1, time: self.readUntil[owner] ?? 0))
            }
        }
        return cursors
    }

    /// Reads a few records of an owner, and goes on to its next segment where one has no more.
    private func read(
        _ segments: [JournalFolder.Segment], _ cursor: inout Cursor, limit: Int, _ batch: inout Batch
    ) throws(DatabaseError) {
        let place = cursor.places.lowerBound
        let segment = segments[place]
        let isGone = cursor.isGone ?? self.isGone(segments, place)
        guard var tailed = self.tailed(segment), let reader = tailed.reader, let isGone else {
            cursor.places = place + 1..<cursor.places.upperBound
            cursor.isGone = nil
            return
        }
        cursor.isGone = isGone
        let intake = RecordIntake(
            self.writer, reader.header.owner, owner: tailed.owner, time: cursor.time, hasBegun: batch.hasBegun)
        // Noted once and not with each record, of which there are many.
        var offset: UInt64?
        defer {
            batch.hasBegun = intake.hasBegun
            tailed.owner = intake.owner
            self.open[segment.name] = tailed
            if let offset { batch.offsets[segment.name] = offset }
            cursor.time = intake.time
            self.readUntil[cursor.owner] = cursor.time
        }
        let end = min(limit, batch.records + Self.stride)
        while batch.records < end, let step = self.next(reader, intake, isGone) {
            switch step {
            case .record(let next):
                if let failure = intake.failure { throw failure }
                batch.records += 1
                offset = next
                continue
            case .skipped(let error, let next):
                try intake.begin()
                batch.records += 1
                offset = next
                self.damage(&tailed, error)
                continue
            case .pending: break
            case .finished: tailed.finish()
            case .torn(let error):
                self.damage(&tailed, error)
                tailed.finish()
            }
            break
        }
        guard batch.records < end else { return }
        cursor.places = place + 1..<cursor.places.upperBound
        cursor.isGone = nil
    }

    /// Nil when the file cannot be read now.
    private func next(_ reader: SegmentReader, _ intake: RecordIntake, _ isGone: Bool) -> SegmentReader.ShownStep? {
        do throws(JournalError) {
            return try reader.show(to: intake, ownerIsGone: isGone)
        } catch {
            self.census.say(error)
            return nil
        }
    }

    /// Whether nothing more can be written to a segment: its owner is dead, or writes a later one. Nil when that cannot be
    /// known now.
    private func isGone(_ segments: [JournalFolder.Segment], _ place: Int) -> Bool? {
        let name = segments[place].name
        if self.census.standings.dead.contains(name.owner) { return true }
        guard place + 1 < segments.count, segments[place + 1].name.owner == name.owner else { return false }
        do throws(JournalError) {
            return try segments[place + 1].hasBegun()
        } catch {
            self.census.say(error)
            return nil
        }
    }

    /// The segment at the place where reading goes on; nil for one that is left alone, or cannot be opened now.
    private func tailed(_ segment: JournalFolder.Segment) -> TailedSegment? {
        if let known = self.open[segment.name] { return known }
        guard !self.census.leftAlone.contains(segment.name) else { return nil }
        do throws(JournalError) {
            return TailedSegment(try SegmentReader(segment, from: self.positions[segment.name.key] ?? 0))
        } catch {
            switch error {
            case .system: if !error.isMissing { self.census.say(error) }
            case .header, .record:
                self.census.leftAlone.insert(segment.name)
                self.counts.unreadable += 1
                self.log.error(
                    "journal segment cannot be read and is left alone", ["error": .string("\(error)")])
            }
            return nil
        }
    }

    private func damage(_ tailed: inout TailedSegment, _ error: JournalError) {
        if !tailed.isDamaged { self.counts.tornTails += 1 }
        self.counts.quarantinedRecords += 1
        tailed.isDamaged = true
        self.log.error("journal segment is damaged", ["error": .string("\(error)")])
    }

    private func unread(_ segments: [JournalFolder.Segment]) -> UInt64 {
        segments.reduce(0) { sum, segment in
            guard self.open[segment.name]?.isDone != true, !self.census.leftAlone.contains(segment.name) else {
                return sum
            }
            let position = self.positions[segment.name.key] ?? 0
            return sum &+ (segment.size > position ? segment.size - position : 0)
        }
    }

    // MARK: Settling

    /// Settles what dead edges left open and removes the segments that are done with.
    private func settle(_ segments: [JournalFolder.Segment]) throws(DatabaseError) {
        for owner in self.census.standings.owners {
            let own = segments.filter { $0.name.owner == owner && !self.census.leftAlone.contains($0.name) }
            let done = own.filter { self.open[$0.name]?.isDone == true }
            guard !done.isEmpty else { continue }
            if self.census.standings.dead.contains(owner) {
                // All at once: as long as one is there, whoever starts after us knows that something is left to do.
                guard done.count == own.count else { continue }
                try self.recover(owner)
                self.census.standings.end(owner)
            }
            for segment in done { self.dispose(of: segment) }
        }
    }

    private func recover(_ owner: TailedOwner) throws(DatabaseError) {
        try self.writer.begin()
        let count = try self.writer.recover(host: owner.host, instance: owner.instance)
        try self.writer.commit()
        self.counts.recovered += UInt64(count)
        guard count > 0 else { return }
        self.log.warning(
            "requests of a dead process settled", ["peer_instance": .int(owner.instance), "count": .int(count)])
    }

    private func dispose(of segment: JournalFolder.Segment) {
        do throws(JournalError) {
            if self.open[segment.name]?.isDamaged == true {
                let path = try JournalFolder.quarantine(segment)
                self.log.warning("damaged journal segment set aside", ["file": .string(path)])
            } else {
                try JournalFolder.remove(segment)
            }
        } catch {
            // Its records are in the database; what stands in the way is for a person to see.
            self.census.leftAlone.insert(segment.name)
            self.log.error("journal segment cannot be removed", ["error": .string("\(error)")])
        }
        self.open[segment.name] = nil
        self.obsolete.append(segment.name.key)
    }
}
