/// The kinds of images that all providers take, told apart by how a file of them begins. What a server says of it does not count. Pure.
enum ImageType: String, CaseIterable {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webP = "image/webp"

    /// Bytes of a file that decide.
    static let signature = 12

    /// Of the file that begins with `bytes`; nil for anything else.
    init?(_ bytes: some Collection<UInt8>) {
        let start = Array(bytes.prefix(Self.signature))
        if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if start.starts(with: "GIF87a".utf8) || start.starts(with: "GIF89a".utf8) {
            self = .gif
        } else if start.count == Self.signature, start.starts(with: "RIFF".utf8),
            start.dropFirst(8).elementsEqual("WEBP".utf8)
        {
            self = .webP
        } else {
            return nil
        }
    }
}
