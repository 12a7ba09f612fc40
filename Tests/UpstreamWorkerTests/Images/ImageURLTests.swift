import Domain
import Testing

@testable import UpstreamWorker

@Suite struct ImageURLTests {
    @Test(arguments: [
        ("https://example.com/a.png", "https://example.com/a.png", "example.com"),
        ("HTTPS://Example.com:8443/A?b=c&d=%20e#f", "https://Example.com:8443/A?b=c&d=%20e", "Example.com:8443"),
        ("https://example.com", "https://example.com", "example.com"),
        ("https://example.com?x=1", "https://example.com?x=1", "example.com"),
        ("https://example.com#x", "https://example.com", "example.com"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a", "[2001:db8::1]"),
        ("https://h/ä?ö", "https://h/%C3%A4?%C3%B6", "h"), ("https://h/a@b", "https://h/a@b", "h"),
    ])
    func isTaken(given: String, text: String, host: String) throws {
        let url = try ImageURL(Array(given.utf8))
        #expect(url.text == text)
        #expect(url.host == host)
    }

    @Test(
        arguments: [
            ("", .noURL), ("h/a.png", .noURL), ("//h/a.png", .noURL), ("ftp://h/a", .noURL),
            ("file:///etc/passwd", .noURL),
            ("https:/h", .noURL), ("https://", .noURL), ("https:///a", .noURL), ("https:\u{2F}\u{2F}?x", .noURL),
            ("httpsx://h/", .noURL), (" https://h/", .noURL), ("https://h /", .noURL), ("https://h/a b", .noURL),
            ("https://h/a\r\nX-Y: z", .noURL), ("https://h/\u{0}", .noURL), (#"https://h\@i/"#, .userInURL),
            (#"https://h\i/"#, .noURL), (#"https://h/a\b"#, .noURL), ("https://h%2Fi/", .noURL),
            ("https://[fe80::1%25eth0]/", .noURL), ("https://hö.example/", .noURL), ("http://h/a.png", .notSecure),
            ("HTTP://h/a.png", .notSecure), ("https://u@h/", .userInURL), ("https://u:p@h/a", .userInURL),
            ("https://h:80@i/", .userInURL), ("gopher://h/", .noURL), ("data:image/png;base64,AAAA", .noURL),
        ] as [(String, ImageFault)])
    func isRefused(given: String, fault: ImageFault) {
        #expect(throws: fault) { try ImageURL(Array(given.utf8)) }
    }

    @Test func theLengthIsBounded() throws {
        let longest = "https://h/" + String(repeating: "a", count: ImageURL.longest - 10)
        #expect(try ImageURL(Array(longest.utf8)).text == longest)
        #expect(throws: ImageFault.longURL) { try ImageURL(Array((longest + "a").utf8)) }
        let host = "https://" + String(repeating: "a", count: 261)
        #expect(throws: ImageFault.noURL) { try ImageURL(Array(host.utf8)) }
    }

    @Test func testsMaySayHTTP() throws {
        #expect(try ImageURL(Array("http://h/a".utf8), allowsPlain: true).text == "http://h/a")
    }

    @Test(
        arguments: [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], .png), ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg),
            (Array("GIF89a".utf8), .gif), (Array("GIF87a;".utf8), .gif),
            (Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8), .webP),
            ([], nil), ([0x89, 0x50, 0x4E, 0x47], nil), ([0xFF, 0xD8], nil), (Array("GIF88a".utf8), nil),
            (Array("RIFF\u{1}\u{2}\u{3}\u{4}WAVE".utf8), nil), (Array("RIFF\u{1}\u{2}\u{3}\u{4}WEB".utf8), nil),
            (Array("<svg xmlns=".utf8), nil), (Array("<!DOCTYPE html>".utf8), nil), (Array("BM123456789012".utf8), nil),
        ] as [([UInt8], ImageType?)])
    func aTypeIsKnownByItsBytes(bytes: [UInt8], type: ImageType?) {
        #expect(ImageType(bytes) == type)
    }

    /// A URL may carry a signature: only its host comes back.
    @Test func noMessageHoldsTheURL() throws {
        let url = try ImageURL(Array("https://h.example/private?sig=canary".utf8))
        let faults: [ImageFault] = [
            .noAddress(host: url.host), .unreachable(host: url.host), .status(404, host: url.host),
            .tls(host: url.host),
            .broken(host: url.host), .unknownType(host: url.host), .tooLarge(host: url.host, limit: 5 << 20),
        ]
        for fault in faults {
            let error = fault.error
            #expect(error.message.contains("h.example") && !error.message.contains("canary"))
            #expect(error.status == 400 && error.code == "invalid_image_url" && error.source == .client)
        }
        #expect(ImageFault.outOfMemory.error.status == 503)
    }
}
