import Testing

@testable import Administration

@Suite struct UsageReportsResourceTests {
    private static let reports = ["usage/daily", "usage/hourly", "usage/summary"]

    @Test(arguments: reports, ["", "+5", "-1", "x", "1 ", "1234567", "٣"])
    func otherPlacesThanNumbersAreRefused(_ path: String, _ after: String) throws {
        let scene = try AdministrationScene()
        let answer = try scene.ask(.get, path, #"{"after":"\#(after)"}"#)
        #expect(answer.status == 422 && answer.field == "after")
    }

    @Test(arguments: reports) func thePlaceOfAnAnswerIsTaken(_ path: String) throws {
        let scene = try AdministrationScene()
        for after in ["0", "17", "999999"] {
            #expect(try scene.ask(.get, path, #"{"after":"\#(after)"}"#).status == 200)
        }
    }
}
