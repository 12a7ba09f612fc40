import Domain
import Testing

@testable import Administration

@Suite struct TextTests {
    @Test(arguments: [
        ("0", 0), ("12", 12_000_000_000), ("12.5", 12_500_000_000), ("0.000000001", 1), ("007.10", 7_100_000_000),
        ("9223372036.854775807", Int64.max),
    ])
    func readsDollars(_ text: String, _ nano: Int64) {
        #expect(MoneyText.nanoDollars(text) == nano)
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000000001", "9223372036.854775808", "99999999999", "1.2.3",
        " 1", "1 ", "0x10", "١", "NaN", "1_000",
    ])
    func refusesWhatIsNoAmount(_ text: String) {
        #expect(MoneyText.nanoDollars(text) == nil)
    }

    @Test(arguments: [
        (0, "0.00"), (12_500_000_000, "12.50"), (1, "0.000000001"), (-1_500_000_000, "-1.50"),
        (Int64.max, "9223372036.854775807"), (Int64.min, "-9223372036.854775808"),
    ])
    func writesDollars(_ nano: Int64, _ text: String) {
        #expect(MoneyText.text(nanoDollars: nano) == text)
        if nano >= 0 { #expect(MoneyText.nanoDollars(text) == nano) }
    }

    @Test(arguments: [
        ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("2000-02-29", 951_782_400_000),
        ("2027-01-31T12:30:05.250Z", 1_801_398_605_250), ("9999-12-31T23:59:59Z", 253_402_300_799_000),
    ])
    func readsTimes(_ text: String, _ time: UInt64) {
        #expect(TimeText.milliseconds(text) == time)
        #expect(TimeText.milliseconds(TimeText.text(milliseconds: time)) == time)
    }

    @Test(arguments: [
        ("2027-01-31T13:30:05.25+01:00", 1_801_398_605_250), ("2027-01-31t12:30:05.2509999z", 1_801_398_605_250),
        ("2027-01-30T23:00:05-13:30", 1_801_398_605_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31", 0), ("0000-02-29T00:00:00Z", 0), ("0001-01-01T00:00:00-23:59", 0),
        ("9999-12-31T23:59:59-12:00", 253_402_300_799_999),
    ])
    func readsAllOfRFC3339(_ text: String, _ time: UInt64) {
        #expect(TimeText.milliseconds(text) == time)
    }

    @Test(arguments: [
        "", "1969-02-29", "2027-02-29", "2027-13-01", "2027-00-10", "2027-01-00", "2027-1-1", "2027-01-31T24:00:00Z",
        "2027-01-31T12:60:00Z", "2027-01-31 12:00:00Z", "2027-01-31T12:00:00",
        "2027-01-31T12:00:00.Z", "2027-01-31T12:00:00+1:00", "2027-01-31T12:00:00+24:00", "2027-01-31Tx", "+027-01-31",
        "2027-01-31T12:00:00Zx",
    ])
    func refusesWhatIsNoTime(_ text: String) {
        #expect(TimeText.milliseconds(text) == nil)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(_ plain: String, _ encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == Array(encoded.utf8))
    }

    @Test func base64IsSafeInAHeader() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == Array("-__-".utf8))
    }

    @Test func framesAreBounded() {
        #expect(AdministrationFrame.encode([1, 2]) == [0, 0, 0, 2, 1, 2])
        #expect(AdministrationFrame.encode([UInt8](repeating: 0, count: (1 << 20) + 1)) == nil)
        #expect(AdministrationFrame.length([0, 16, 0, 0]) == 1 << 20)
        #expect(AdministrationFrame.length([0, 16, 0, 1]) == nil)
        #expect(AdministrationFrame.length([255, 255, 255, 255]) == nil)
        #expect(AdministrationFrame.length([0, 0, 0]) == nil)
    }
}
