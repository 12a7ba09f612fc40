import EventLog
import Glibc
import Journal
import Platform

/// Looks into the journals' folder: what is there, and who of its owners lives. It needs no database, so it knows also while that is away.
///
/// Time is passed in, monotonic, in nanoseconds.
final class JournalCensus {
    private static let second: UInt64 = 1_000_000_000

    var log: Log
    let folder: String
    /// As of the last look.
    var standings = JournalStandings()
    /// Files that are left alone; each was said once.
    var leftAlone: Set<SegmentName> = []
    private var lastLook: [TailedOwner: UInt64] = [:]
    private var trouble: String?
    /// A look into the folder and when it was: what was being made then and has no maker now is left over.
    private var earlier: (contents: JournalFolder.Contents, at: UInt64)?

    init(folder: String, log: Log) {
        self.folder = folder
        self.log = log
    }

    /// What is in the folder now; nil when that cannot be known. `looksAgain` asks who lives even if that was asked a moment ago.
    func look(now: UInt64, looksAgain: Bool) -> JournalFolder.Contents? {
        guard var contents = self.contents() else { return nil }
        self.standings.owners = self.owners(of: contents.segments)
        if self.learnWhoDied(now: now, looksAgain: looksAgain) {
            // What the dead wrote last may have come after the first look; nothing can come after this one.
            guard let again = self.contents() else { return nil }
            contents = again
            self.standings.owners = self.owners(of: contents.segments)
        }
        self.sweep(contents, now: now)
        self.standings.dead.formIntersection(self.standings.owners)
        self.lastLook = self.lastLook.filter { self.standings.owners.contains($0.key) }
        return contents
    }

    private func contents() -> JournalFolder.Contents? {
        do throws(JournalError) {
            let contents = try JournalFolder.contents(self.folder)
            self.say(nil)
            return contents
        } catch {
            // Made by control; until then there is nothing to read.
            if !error.isMissing { self.say(error) }
            return nil
        }
    }

    /// Now and then removes the segments that were being made when their maker was killed: nobody else ever would, and they
    /// count as bytes of the folder.
    private func sweep(_ contents: JournalFolder.Contents, now: UInt64) {
        guard let earlier = self.earlier else { return self.earlier = (contents, now) }
        guard now >= earlier.at &+ 2 * Self.second else { return }
        JournalFolder.removeUnfinished(self.folder, earlier.contents)
        self.earlier = (contents, now)
    }

    private func owners(of segments: [JournalFolder.Segment]) -> Set<TailedOwner> {
        Set(segments.filter { !self.leftAlone.contains($0.name) }.map(\.name.owner))
    }

    /// Whether somebody has died.
    private func learnWhoDied(now: UInt64, looksAgain: Bool) -> Bool {
        let known = self.standings.dead.count
        for owner in self.standings.owners where !self.standings.dead.contains(owner) {
            if !looksAgain, let last = self.lastLook[owner], now < last &+ Self.second / 2 { continue }
            self.lastLook[owner] = now
            do throws(JournalError) {
                if try !JournalOwnerLock.isAlive(host: owner.host, instance: owner.instance, in: self.folder) {
                    self.standings.dead.insert(owner)
                }
            } catch {
                self.say(error)
            }
        }
        return self.standings.dead.count > known
    }

    /// Says what is wrong with the folder or a file once, and that it is over.
    func say(_ error: JournalError?) {
        let text = error.map { "\($0)" }
        guard text != self.trouble else { return }
        if let text {
            self.log.error("journal cannot be read", ["error": .string(text)])
        } else {
            self.log.info("journal can be read again")
        }
        self.trouble = text
    }
}

extension JournalError {
    /// There is no such file or folder.
    var isMissing: Bool {
        guard case .system(_, let error) = self else { return false }
        return error.code == ENOENT
    }
}
