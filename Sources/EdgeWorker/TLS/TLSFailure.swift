/// Why the certificate or the key of a listener cannot be used, for people.
enum TLSFailure: Error, Hashable, CustomStringConvertible {
    case unreadable(TLSFile, String)
    case tooLarge(TLSFile)
    case noCertificate
    case badKey
    case keyIsForAnother
    case expired
    case notYetValid
    case unusable(String)

    var description: String {
        switch self {
        case .unreadable(let file, let reason): "cannot read the \(file.name): \(reason)"
        case .tooLarge(let file): "the file of the \(file.name) is larger than \(file.limit >> 10) KiB"
        case .noCertificate: "the certificate's file holds no usable certificate in PEM"
        case .badKey: "the key's file holds no usable private key in PEM without a passphrase"
        case .keyIsForAnother: "the key does not belong to the certificate"
        case .expired: "the certificate has expired"
        case .notYetValid: "the certificate is not valid yet"
        case .unusable(let reason): "TLS cannot be set up: \(reason)"
        }
    }
}
