import EventLog
import NIOCore
import Platform

/// The memory that this edge shares with the upstream of one link: large bodies are laid there, and only where they lie is
/// said on the link.
///
/// The edge alone gives out its ranges and writes; it never reads, so that nothing the upstream does to the memory reaches it.
/// A range belongs to its stream until the stream's END. Pages stay in memory for the next body up to a bound above those in
/// use, and none when the edge rests. Lives on the event loop.
final class BodyArea {
    /// Bytes of the smallest body that is laid there; the others are cheaper on the link.
    static let smallestBody = 32 << 10
    /// Bytes above the highest range in use that are kept for the next bodies.
    static let keptBytes = 8 << 20
    /// Bytes that are reserved at once.
    private static let step = 1 << 20

    private let memory: SharedArea
    private var ranges: RangeAllocator
    /// The area's pages below this are in memory, those above are not.
    private(set) var reserved = 0

    init(_ memory: SharedArea) {
        self.memory = memory
        self.ranges = RangeAllocator(size: memory.size)
    }

    /// The area behind a descriptor, which is closed; nil, with a line in the log, where it cannot be used. A link works
    /// without it, too.
    convenience init?(mapping area: Int32, _ log: Log) {
        do throws(SystemError) {
            self.init(try SharedArea(OwnedDescriptor(adopting: area), for: .writing))
        } catch {
            log.error("cannot use a link's memory", ["error": .string("\(error)")])
            return nil
        }
    }

    /// Copies the body into a range of its own; nil when it is too small for that or there is no room.
    func place(_ body: ByteBuffer) -> Range<Int>? {
        guard body.readableBytes >= BodyArea.smallestBody, let range = self.ranges.take(body.readableBytes) else {
            return nil
        }
        guard self.reserve(upTo: range.upperBound),
            unsafe body.withUnsafeReadableBytes({ unsafe self.memory.write($0, at: range.lowerBound) })
        else {
            self.ranges.release(range)
            return nil
        }
        return range
    }

    /// The upstream reads the range no more.
    func release(_ range: Range<Int>) {
        self.ranges.release(range)
        self.trim(above: BodyArea.keptBytes, slack: BodyArea.keptBytes)
    }

    /// Gives up all pages above those in use.
    func rest() {
        self.trim(above: 0, slack: 0)
    }

    /// A write for which there is no memory would end the process, so it is had before.
    private func reserve(upTo end: Int) -> Bool {
        guard end > self.reserved else { return true }
        let rounded = min(self.memory.size, (end + BodyArea.step - 1) / BodyArea.step * BodyArea.step)
        guard self.memory.reserve(self.reserved..<rounded) else {
            // Some of it may have been had.
            self.memory.drop(self.reserved..<rounded)
            return false
        }
        self.reserved = rounded
        return true
    }

    private func trim(above kept: Int, slack: Int) {
        let end = min(self.memory.size, max(self.ranges.top, kept))
        guard self.reserved > end, self.reserved - end >= slack else { return }
        self.memory.drop(end..<self.reserved)
        self.reserved = end
    }
}
