import Administration
import Catalogue
import Configuration
import Domain
import JSON
import Testing

@testable import ControlPlane

/// Catalogues of tests, and what becomes of one in a gateway that runs.
final class CatalogueScene {
    static let old = """
        {"gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
            "max_input_tokens": 1000, "max_output_tokens": 100, "deprecation_date": "2023-12-01", "supports_vision": true},
         "gone": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
         "azure/gpt-x": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 5e-06, "output_cost_per_token": 6e-06}}
        """
    static let new = """
        {"gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 5e-07, "output_cost_per_token": 2e-06,
            "max_input_tokens": 1000, "max_output_tokens": 200, "deprecation_date": "2023-12-01", "supports_vision": true},
         "gpt-y": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06},
         "azure/gpt-x": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 7e-06, "output_cost_per_token": 6e-06},
         "novita/z": {"litellm_provider": "novita", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
            "input_cost_per_thought": 1}}
        """

    static func document(_ text: String) throws -> CatalogueDocument {
        try CatalogueReader.read(Array(text.utf8)).document
    }

    static func record(_ text: String) throws -> CatalogueRecord {
        let reading = try CatalogueReader.read(Array(text.utf8))
        return try #require(try CatalogueRecord(reading, source: "prices.json", tag: nil, now: 1_700_000_000_000))
    }

    let objects: ObjectsScene
    let board = CatalogueBoard()
    let service: AdministrationService

    init() throws {
        let objects = try ObjectsScene(
            file: """
                providers:
                  openai: {dialect: openai, api_key: k}
                  mine: {dialect: openai, base_url: "http://127.0.0.1:1/v1", api_key: k}
                models: {fast: {targets: ["openai:gpt-x"]}}
                """)
        self.objects = objects
        self.service = AdministrationService(
            resources: [CatalogueResource(store: objects.store, board: self.board, objects: objects.board)])
    }

    func intake(appliesItself: Bool = false, url: String? = nil) -> CatalogueIntake {
        CatalogueIntake(
            source: url.map { .url($0) } ?? .file("prices.json"), appliesItself: appliesItself,
            store: self.objects.store,
            now: 1_700_000_000_000)
    }

    /// Puts in force what is stored, as control does.
    func follow() throws {
        var state = self.objects.board.now
        state.catalogue = try self.objects.store.catalogue().flatMap { LoadedCatalogue($0) }
        state.number = try self.objects.store.objectsNumber()
        self.objects.board.use(state)
    }

    @discardableResult
    func ask(
        _ method: AdministrationRequest.Method, _ path: String..., body: String = "{}", ifMatch: String? = nil,
        actor: AdministrationActor = .person(user: 0)
    ) throws -> AdministrationReply {
        guard case .object(let members) = try JSONReader().read(Array(body.utf8), maximumBytes: 1 << 20) else {
            throw AdministrationFailure.invalid("no object")
        }
        let reply = self.service.reply(
            to: AdministrationRequest(
                method: method, path: ["catalogue"] + path, body: members, actor: actor, ifMatch: ifMatch))
        try self.follow()
        return reply
    }
}
