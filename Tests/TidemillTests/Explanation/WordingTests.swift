import Testing

@testable import Tidemill

@Suite struct WordingTests {
    @Test(arguments: [
        (Duration.seconds(75), "75 s"), (.seconds(3), "3 s"), (.milliseconds(1_240), "1.2 s"),
        (.milliseconds(320), "320 ms"), (.microseconds(9_940), "9.9 ms"), (.microseconds(9_960), "10 ms"),
        (.microseconds(12), "12 us"), (.nanoseconds(7), "7 ns"), (.zero, "0 s"), (.microseconds(999_700), "1 s"),
    ])
    func durations(duration: Duration, text: String) {
        #expect(duration.rounded == text)
    }

    @Test func numbers() {
        #expect(0.975.percent == "98 %")
        #expect(1.counted("core") == "1 core")
        #expect(2.counted("core") == "2 cores")
    }
}
