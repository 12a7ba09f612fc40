/// Where things are on a metric page, in bytes from its start. All numbers are words of the machine's own order: a page never
/// leaves its host.
///
/// Header (16 words), values (words), directory (entries, `MetricPageEntry`). An entry names a series, once and for ever, and says in
/// which words its value stands. Entries are only added. The words are written by the one process that has the page; a page
/// stays when its process has gone, and the next one in the same place goes on with it.
///
/// Raise `version` when a reader of the number before would misread what is written from now on. A process that is given a page of another
/// version begins it anew.
public enum MetricPageLayout {
    public static let version: UInt64 = 1
    /// Bytes of a page. Only those that are used take memory.
    public static let size = 2 << 20

    static let magic: UInt64 = 0x736c_7569_6365_6d70
    static let magicOffset = 0
    static let versionOffset = 8
    /// The number of the process that writes here; 0: nobody does. The supervisor writes it, which maps no page but its own.
    public static let instanceOffset = 16
    /// Raised whenever the page is begun anew: what was read of the directory before is void.
    static let epochOffset = 24
    /// Bytes of whole entries in the directory.
    static let directoryCountOffset = 32
    /// Series that found no room.
    static let refusedOffset = 40
    /// What counts nothing counts here.
    static let nowhereOffset = 48

    static let valuesOffset = 128
    static let directoryOffset = 128 << 10
    /// Words for values.
    static let valueCount = (directoryOffset - valuesOffset) / 8
    static let directorySize = size - directoryOffset

    /// What a gauge holds that its process has not said yet.
    static let unsaid = Int64.min
}
