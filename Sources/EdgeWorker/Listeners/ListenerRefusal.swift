/// Why the listeners of a snapshot cannot be used, for people.
struct ListenerRefusal: Error, CustomStringConvertible {
    var name: String
    var failure: TLSFailure

    var description: String { "listen \(self.name): \(self.failure)" }
}
