import Administration
import Cryptography
import Domain
import IPC

/// What is to be read about the API: `/openapi.json`, and `/docs`, where Swagger UI shows it and lets it be tried.
///
/// Swagger UI's files are no part of Sluice: they are opened at the start, before the sandbox closes, and read when somebody asks for
/// the first time. Without them `/docs` says how to get them.
final class Documentation {
    enum Page: Hashable {
        case document
        case start
        case script
        /// One of Swagger UI's own, by its place in `SwaggerFiles.all`.
        case file(Int)
        /// `/docs/…` that is none.
        case unknown
    }

    private static let html = "text/html; charset=utf-8"
    /// Nothing but the page's own files; no script in the page.
    private static let policy = ReplyHeader(
        .contentSecurityPolicy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    /// To be asked for again each time, which mostly is answered with 304.
    private static let revalidated = ReplyHeader(.cacheControl, "no-cache")

    private let files: SwaggerFiles?
    private var document: (bytes: [UInt8], tag: String?)?
    private var tags: [Int: String] = [:]

    init(_ files: SwaggerFiles?) {
        self.files = files
    }

    /// The page that a path names; nil for a path that is no page's.
    static func page(_ segments: [String]) -> Page? {
        guard let first = segments.first else { return nil }
        if segments.count == 1, first.utf8.elementsEqual("openapi.json".utf8) { return .document }
        guard first.utf8.elementsEqual("docs".utf8) else { return nil }
        guard segments.count > 1 else { return .start }
        guard segments.count == 2 else { return .unknown }
        if segments[1].utf8.elementsEqual("start.js".utf8) { return .script }
        let place = SwaggerFiles.all.firstIndex { $0.name.utf8.elementsEqual(segments[1].utf8) }
        return place.map { .file($0) } ?? .unknown
    }

    /// `/openapi.json`.
    func reply(document bytes: [UInt8]) -> HTTPReply {
        if self.document?.bytes != bytes { self.document = (bytes, Self.tag(bytes)) }
        return self.page("application/json", bytes, tag: self.document?.tag)
    }

    /// Any other page.
    func reply(_ page: Page) -> HTTPReply {
        switch page {
        case .start: return self.page(Self.html, self.files == nil ? Self.absent : Self.start, tag: nil)
        case .script: return self.page("text/javascript; charset=utf-8", Self.script, tag: Self.tag(Self.script))
        case .file(let place):
            guard let bytes = self.files?.read(place) else { return HTTPReply(.unknownURL) }
            if self.tags[place] == nil { self.tags[place] = Self.tag(bytes) }
            return self.page(SwaggerFiles.all[place].type, bytes, tag: self.tags[place])
        case .document, .unknown: return HTTPReply(.unknownURL)
        }
    }

    private func page(_ type: String, _ body: [UInt8], tag: String?) -> HTTPReply {
        var headers = [Self.revalidated, Self.policy, ReplyHeader(.referrerPolicy, "no-referrer")]
        headers.append(ReplyHeader(.frameOptions, "DENY"))
        if let tag { headers.append(ReplyHeader(.etag, tag)) }
        return HTTPReply(status: 200, contentType: type, body: body, headers: headers)
    }

    /// The entity tag of a body.
    private static func tag(_ bytes: [UInt8]) -> String? {
        guard let digest = try? SHA256().digest(bytes) else { return nil }
        return "\"\(String(decoding: HexDigit.text(digest.bytes.prefix(16)), as: UTF8.self))\""
    }

    private static let start = Array(
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sluice: the administration's API</title>
        <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
        <link rel="stylesheet" href="/docs/swagger-ui.css">
        </head>
        <body>
        <div id="swagger-ui"></div>
        <noscript>This page needs JavaScript; what it shows is <a href="/openapi.json">/openapi.json</a>.</noscript>
        <script src="/docs/swagger-ui-bundle.js"></script>
        <script src="/docs/start.js"></script>
        </body>
        </html>

        """.utf8)

    /// The token is kept by the page alone, and gone with it.
    private static let script = Array(
        """
        window.ui = SwaggerUIBundle({
          url: "/openapi.json",
          dom_id: "#swagger-ui",
          deepLinking: true,
          persistAuthorization: false,
          validatorUrl: null,
          presets: [SwaggerUIBundle.presets.apis],
          layout: "BaseLayout",
        });

        """.utf8)

    private static let absent = Array(
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Sluice: the administration's API</title>
        </head>
        <body>
        <h1>The administration's API</h1>
        <p>Its description is <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
        <p>Swagger UI, which shows it on this page and lets it be tried, is not installed. Run <code>scripts/swagger-ui</code> \
        in Sluice's source, install again (<code>deploy/install.sh</code> takes the files along) or name their folder in the \
        configuration (<code>admin.swagger_ui</code>), and restart the gateway.</p>
        </body>
        </html>

        """.utf8)
}
