import Testing
import Tidemill
import TidemillTesting

@Suite struct UnitTextTests {
    @Test(arguments: [
        ("0s", Duration.zero), ("250ms", .milliseconds(250)), ("2s", .seconds(2)), ("1m", .seconds(60)),
        ("1h", .seconds(3_600)), ("1d", .seconds(86_400)), ("1m30s", .seconds(90)), ("1.5s", .milliseconds(1_500)),
        ("0.000001s", .microseconds(1)), ("7us", .microseconds(7)), ("9ns", .nanoseconds(9)),
        ("1h0.5m", .seconds(3_630)),
    ])
    func parsesDurations(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "5 s", "-5s", "5S", "1s1m", "1s1s", "1.s", ".5s", "1.5ns", "1e3s", "9223372036854775807s",
        "99999999999999999999s", "106751d2000000h", "1.1234567891s", "５s", "1m ", "1y",
    ])
    func refusesDurations(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func roundTripsDurations() {
        var generator = SeededRandom(seed: 1)
        for exponent in 0..<62 {
            for _ in 0..<20 {
                let duration = Duration.nanoseconds(Int64.random(in: 0...(1 << exponent), using: &generator))
                #expect(DurationText.parse(DurationText.format(duration)) == duration)
            }
        }
        #expect(DurationText.format(.seconds(90)) == "90s")
        #expect(DurationText.format(.seconds(7_200)) == "2h")
        #expect(DurationText.format(.seconds(Int64.max)) == "9223372036854775807s")
    }

    @Test(arguments: [
        ("0B", 0), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2_147_483_648), ("1TiB", 1 << 40), ("3kB", 3_000),
        ("5MB", 5_000_000), ("1GB", 1_000_000_000), ("1TB", 1_000_000_000_000),
    ])
    func parsesSizes(_ text: String, _ bytes: Int) {
        #expect(SizeText.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "64", "KiB", "64K", "64 KiB", "64kib", "-1B", "1.5GiB", "9223372036854775807KiB", "6\u{301}B",
    ])
    func refusesSizes(_ text: String) {
        #expect(SizeText.parse(text) == nil)
    }

    @Test func roundTripsSizes() {
        var generator = SeededRandom(seed: 2)
        for exponent in 0..<63 {
            let bytes = Int.random(in: 0...(1 << exponent - 1), using: &generator)
            #expect(SizeText.parse(SizeText.format(bytes)) == bytes)
        }
        #expect(SizeText.format(65_536) == "64KiB")
        #expect(SizeText.format(1_000) == "1000B")
    }
}
