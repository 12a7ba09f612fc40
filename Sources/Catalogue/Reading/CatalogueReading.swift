/// What came of reading a catalogue's file.
public struct CatalogueReading: Hashable, Sendable {
    public var document: CatalogueDocument
    public var notes: CatalogueNotes

    public init(_ document: CatalogueDocument, _ notes: CatalogueNotes = CatalogueNotes()) {
        self.document = document
        self.notes = notes
    }
}

/// Why a file is no catalogue: nothing of it is used.
public struct CatalogueFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// In words that fit behind the file's name.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
