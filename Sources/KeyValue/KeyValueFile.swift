import CLMDB
import Glibc
import Platform

/// Examines a table's file: names the place of the damage and touches nothing.
///
/// LMDB trusts its file: a wrong offset in a page ends the process that follows it. So the whole structure is read here
/// before LMDB maps it, where the file is not too big for that. Nobody may write meanwhile. The layout is that of LMDB 0.9 on
/// 64-bit little-endian machines.
struct KeyValueFile {
    /// Files up to this size, in bytes, are read through.
    static let fullCheckLimit: Int64 = 64 << 20
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let metaEnd = 16 + 136
    /// No tree of ours comes near it.
    private static let depthLimit = 32

    private let path: String
    private let file: Int32
    private var pageSize = 0
    private var lastPage: UInt64 = 0
    private var seen: [Bool] = []

    /// Checks the file at `path`. A missing or empty file is fine: it is new.
    static func examine(_ path: String) throws(KeyValueError) {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            guard errno != ENOENT else { return }
            throw KeyValueError(path: path, operation: "open", code: errno)
        }
        let file = OwnedDescriptor(adopting: number)
        var info = stat()
        guard unsafe fstat(file.number, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw .damaged(path, "this is not a plain file", offset: nil)
        }
        let size = Int64(info.st_size)
        guard size > 0 else { return }
        var check = KeyValueFile(path: path, file: file.number)
        try check.run(size: size)
    }

    private init(path: String, file: Int32) {
        self.path = path
        self.file = file
    }

    private mutating func run(size: Int64) throws(KeyValueError) {
        guard size >= Self.metaEnd else { throw self.damage("the file ends inside its header", size) }
        let first = try self.meta(at: 0)
        self.pageSize = Int(first.word(16 + 24))
        guard (512...65536).contains(self.pageSize), self.pageSize & (self.pageSize - 1) == 0 else {
            throw self.damage("the page size in the header is \(self.pageSize)", 16 + 24)
        }
        guard size >= Int64(self.pageSize + Self.metaEnd) else {
            throw self.damage("the file ends inside its second header", size)
        }
        let second = try self.meta(at: Int64(self.pageSize))
        let secondIsNewer = second.long(16 + 128) > first.long(16 + 128)
        let meta = secondIsNewer ? second : first
        let metaOffset = secondIsNewer ? Int64(self.pageSize) : 0
        self.lastPage = meta.long(16 + 120)
        guard self.lastPage >= 1, self.lastPage < 1 << 40 else {
            throw self.damage("the header counts an impossible number of pages", metaOffset + 16 + 120)
        }
        let end = (Int64(self.lastPage) + 1) * Int64(self.pageSize)
        guard size >= end else {
            throw self.damage("the file is cut off: it should have \(end) bytes", size)
        }
        guard end <= Self.fullCheckLimit else { return }
        self.seen = Array(repeating: false, count: Int(self.lastPage) + 1)
        self.seen[0] = true
        self.seen[1] = true
        for (tree, isFreeList) in [(16 + 24, true), (16 + 72, false)] {
            let root = meta.long(tree + 40)
            let depth = Int(meta.short(tree + 6))
            guard root != .max else { continue }
            guard depth <= Self.depthLimit else {
                throw self.damage("the header's tree is too deep", metaOffset + Int64(tree + 6))
            }
            let entries = try self.walk(root, depth: depth, isFreeList: isFreeList, from: metaOffset + Int64(tree + 40))
            guard entries == meta.long(tree + 32) else {
                throw self.damage(
                    "the header counts \(meta.long(tree + 32)) entries, there are \(entries)",
                    metaOffset + Int64(tree + 32))
            }
        }
    }

    private func meta(at offset: Int64) throws(KeyValueError) -> RawPage {
        let meta = try self.read(Self.metaEnd, at: offset)
        guard meta.short(10) & 0x08 != 0 else { throw self.damage("this is no header of a table", offset + 10) }
        guard meta.word(16) == Self.magic else { throw self.damage("this is no header of a table", offset + 16) }
        guard meta.word(20) == 1 else { throw self.damage("the format of the file is unknown", offset + 20) }
        return meta
    }

    /// Checks the tree below `page` and marks its pages; the number of entries in it.
    private mutating func walk(
        _ number: UInt64, depth: Int, isFreeList: Bool, from: Int64
    ) throws(KeyValueError) -> UInt64 {
        guard depth > 0 else { throw self.damage("the tree is deeper than it says", from) }
        let start = try self.mark(number, from: from)
        let page = try self.read(self.pageSize, at: start)
        let isLeaf = depth == 1
        guard page.long(0) == number, page.short(10) & 0x6F == (isLeaf ? 0x02 : 0x01) else {
            throw self.damage("this is not the page that should be here", start)
        }
        let (lower, upper) = (Int(page.short(12)), Int(page.short(14)))
        guard lower >= 16, lower <= upper, upper <= self.pageSize, lower % 2 == 0, isLeaf || lower > 16 else {
            throw self.damage("the bounds of the page are wrong", start + 12)
        }
        var entries: UInt64 = 0
        var previous: [UInt8]?
        for index in 0..<((lower - 16) / 2) {
            let slot = 16 + index * 2
            let node = Int(page.short(slot))
            guard node >= upper, node % 2 == 0, node + 8 <= self.pageSize,
                node + 8 + Int(page.short(node + 6)) <= self.pageSize
            else { throw self.damage("an entry of the page lies outside it", start + Int64(slot)) }
            let key = page[(node + 8)..<(node + 8 + Int(page.short(node + 6)))]
            let place = start + Int64(node)
            // The first key of a branch stands for everything smaller and is not kept.
            if !isFreeList, isLeaf || index > 0 {
                if let previous, !previous.lexicographicallyPrecedes(key) {
                    throw self.damage("the keys are not in order", place)
                }
                previous = Array(key)
            }
            let low = UInt64(page.short(node)) | UInt64(page.short(node + 2)) << 16
            if isLeaf {
                entries &+= 1
                try self.checkValue(
                    page, at: node + 8 + key.count, count: Int(low), flags: page.short(node + 4), place: place,
                    isFreeList: isFreeList)
            } else {
                entries &+= try self.walk(
                    low | UInt64(page.short(node + 4)) << 32, depth: depth - 1, isFreeList: isFreeList, from: place)
            }
        }
        return entries
    }

    /// Checks where a leaf's value is; of the list of free pages also what it says.
    private mutating func checkValue(
        _ page: RawPage, at start: Int, count: Int, flags: UInt16, place: Int64, isFreeList: Bool
    ) throws(KeyValueError) {
        var value: RawPage
        switch flags {
        case 0:
            guard start + count <= self.pageSize else { throw self.damage("a value lies outside its page", place) }
            value = RawPage(page[start..<(start + count)])
        case 0x01:
            guard start + 8 <= self.pageSize else { throw self.damage("a value lies outside its page", place) }
            let number = page.long(start)
            let offset = try self.mark(number, from: place)
            let header = try self.read(16, at: offset)
            let pages = UInt64(header.word(12))
            guard header.long(0) == number, header.short(10) & 0x04 != 0, pages > 0,
                number + pages - 1 <= self.lastPage,
                16 + UInt64(count) <= pages * UInt64(self.pageSize)
            else { throw self.damage("this is not the page that should be here", offset) }
            for next in (number + 1)..<max(number + pages, number + 1) { _ = try self.mark(next, from: offset) }
            value = isFreeList ? try self.read(count, at: offset + 16) : RawPage([])
        default: throw self.damage("an entry has unknown flags", place)
        }
        guard isFreeList else { return }
        guard count >= 8, value.long(0) < UInt64(count / 8) else {
            throw self.damage("the list of free pages is too long", place)
        }
        let listed = value.long(0)
        for index in 0..<Int(listed) {
            _ = try self.mark(value.long(8 + index * 8), from: place)
        }
    }

    /// Notes that a page is in use, which it can be once only; its offset in the file.
    private mutating func mark(_ number: UInt64, from: Int64) throws(KeyValueError) -> Int64 {
        guard number <= self.lastPage, !self.seen[Int(number)] else {
            throw self.damage("this refers to a page that is not there or in use twice", from)
        }
        self.seen[Int(number)] = true
        return Int64(number) * Int64(self.pageSize)
    }

    private func read(_ count: Int, at offset: Int64) throws(KeyValueError) -> RawPage {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe pread(self.file, &bytes, count, off_t(offset)) == count else {
            throw KeyValueError(path: self.path, operation: "read", code: EIO, offset: offset)
        }
        return RawPage(bytes)
    }

    private func damage(_ what: String, _ offset: Int64) -> KeyValueError {
        .damaged(self.path, what, offset: offset)
    }
}

/// Bytes of a page, read as little-endian numbers. Every offset is checked by the array.
private struct RawPage {
    private let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    subscript(range: Range<Int>) -> ArraySlice<UInt8> { self.bytes[range] }

    func short(_ offset: Int) -> UInt16 { UInt16(self.bytes[offset]) | UInt16(self.bytes[offset + 1]) << 8 }

    func word(_ offset: Int) -> UInt32 { UInt32(self.short(offset)) | UInt32(self.short(offset + 2)) << 16 }

    func long(_ offset: Int) -> UInt64 { UInt64(self.word(offset)) | UInt64(self.word(offset + 4)) << 32 }
}
