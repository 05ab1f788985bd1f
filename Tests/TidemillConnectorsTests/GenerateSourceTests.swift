import Foundation
import Synchronization
import Testing
import Tidemill

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct GenerateSourceTests {
    private func texts(_ template: Value, lists: [String: GeneratorTemplate.List] = [:], count: Int = 2000) throws
        -> [String]
    {
        let template = try GeneratorTemplate(template, lists: lists)
        return (0..<count).map { template.value(at: $0, seed: 1).text ?? "" }
    }

    @Test func numbersAreTheSameForEver() {
        // SplitMix64 from state 0, as published with the algorithm.
        #expect(GeneratorRandom.mix(0x9E37_79B9_7F4A_7C15) == 0xE220_A839_7B1D_CDAF)
        var random = GeneratorRandom(seed: 42, index: 7)
        #expect([random.next(), random.next()] == [Self.first, Self.second])
    }

    /// Changing these changes the data of everybody who has kept a seed.
    private static let first: UInt64 = 1_552_542_996_267_382_703
    private static let second: UInt64 = 3_933_780_439_430_933_506

    @Test func theSameSeedGivesTheSameJobs() async throws {
        let text: Value = "{{index}} {{ip}} {{ip:50}} {{uuid}} {{hex:5}} {{word}} {{number:-1:1}} {{choice:a=9|b=1}}"
        let template = try GeneratorTemplate(text)
        let once = try await gather(GenerateSource(count: 3000, seed: 5, template: template))
        let twice = try await gather(GenerateSource(count: 3000, seed: 5, template: template))
        let other = try await gather(GenerateSource(count: 3000, seed: 6, template: template))
        #expect(once.texts == twice.texts)
        #expect(Set(once.texts).isDisjoint(with: other.texts))
        #expect(once.texts == (0..<3000).map { template.value(at: $0, seed: 5).text })
        #expect(once.texts[0] == Self.sample)
        #expect(once.source?.done == 3000 && once.source?.total == 3000)
    }

    private static let sample =
        "0 124.221.53.96 170.125.57.166 04b56d66-c5b9-4218-bc63-0c1ec5c2cf9a 16fbf field -0.575 a"

    @Test func placeholders() throws {
        #expect(try texts("{{index}}/{{index}}", count: 3) == ["0/0", "1/1", "2/2"])
        let dice = try texts("{{integer:1:6}}").compactMap { Int($0) }
        #expect(Set(dice) == Set(1...6))
        let wide = try texts("{{integer:-9223372036854775808:9223372036854775807}}")
        #expect(wide.allSatisfy { Int($0) != nil } && Set(wide).count == wide.count)
        #expect(try texts("{{number:-2:3:2}}").allSatisfy { (Double($0).map { (-2...3).contains($0) } ?? false) })
        #expect(try texts("{{number:0:1:0}}").allSatisfy { $0 == "0" || $0 == "1" })
        #expect(try texts("{{hex:8}}").allSatisfy { $0.count == 8 && $0.allSatisfy(\.isHexDigit) })
        #expect(try texts("{{uuid}}").allSatisfy { UUID(uuidString: $0) != nil && $0.dropFirst(14).first == "4" })
        let weighted = try texts("{{choice:a=80|b=20|c=0}}")
        #expect((1500...1700).contains(weighted.count { $0 == "a" }) && !weighted.contains("c"))
        #expect(Set(try texts("{{choice:x|y=|z}}")) == ["x", "y=", "z"])
        for address in try texts("{{ip}}") {
            let numbers = address.split(separator: ".").compactMap { UInt8($0) }
            #expect(numbers.count == 4 && !([0, 10, 127].contains(numbers[0])) && numbers[0] < 224)
        }
    }

    @Test func addressesOfAPoolAreSkewed() throws {
        let counts = Dictionary(grouping: try texts("{{ip:100}}", count: 10_000)) { $0 }.mapValues(\.count)
        #expect(counts.count <= 100 && counts.count > 90)
        #expect((1500...2300).contains(counts.values.max() ?? 0))
    }

    @Test func lists() throws {
        let lists: [String: GeneratorTemplate.List] = [
            "page": .init(["/", "/about", "/item/{{integer:1:9}}"]),
            "line": .init(weighted: [("GET {{zipf:page}} {{@code}}", 99), ("broken", 1)]),
            "code": .init(weighted: [("200", 9), ("404", 1)]),
        ]
        let found = try texts("{{@line}}", lists: lists, count: 10_000)
        #expect((50...160).contains(found.count { $0 == "broken" }))
        let pages = found.count { $0.hasPrefix("GET / ") }
        #expect((5000...5800).contains(pages), "the first of three has 6/11 by Zipf's law: \(pages)")
        #expect(found.contains { $0.hasPrefix("GET /item/") && $0.hasSuffix(" 404") })
    }

    @Test func times() throws {
        let template = try GeneratorTemplate(
            [
                "{{time}}", "{{time:iso_ms}}", "{{time:ncsa}}", "{{time:unix}}", "{{time:unix_ms}}",
                "{{time:%a %d/%m at %H:%M}}",
            ],
            times: .init(start: 1_709_210_096, perSecond: 4)
        )
        #expect(
            template.value(at: 5, seed: 0) == [
                "2024-02-29T12:34:57Z", "2024-02-29T12:34:57.250Z", "29/Feb/2024:12:34:57 +0000", 1_709_210_097,
                1_709_210_097_250, "Thu 29/02 at 12:34",
            ]
        )
    }

    @Test(arguments: [0, -1, 951_782_400, 1_709_210_096, 4_107_542_399, -2_203_891_200, 253_402_300_799])
    func civilTime(seconds: Int) {
        let text = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        #expect(CivilTime(secondsSince1970: seconds).iso8601 == text)
        #expect(CivilTime.secondsSince1970(iso8601: text) == seconds)
    }

    @Test func jsonTemplates() throws {
        let template = try GeneratorTemplate([
            "id": "{{index}}", "tag": "n{{index}}", "deep": [["x": "{{number:1:1:2}}"], true, .null, 2.5],
            "{{index}}": "",
        ])
        #expect(
            template.value(at: 7, seed: 1) == [
                "id": 7, "tag": "n7", "deep": [["x": 1.0], true, .null, 2.5], "{{index}}": "",
            ]
        )
    }

    @Test(arguments: [
        "{{", "{{index", "{{nope}}", "{{integer:1}}", "{{integer:6:1}}", "{{hex:0}}", "{{hex:x}}", "{{@none}}",
        "{{@loop}}",
        "{{zipf:none}}", "{{number:a:b}}", "{{time:nope}}", "{{time:%q}}", "{{choice:a=0|b=0}}", "{{}}", "{{index:1}}",
    ])
    func badTemplates(text: String) {
        #expect(throws: TemplateError.self) {
            try GeneratorTemplate(
                .string(Bytes(text)),
                lists: ["loop": .init(["{{@other}}"]), "other": .init(["{{@loop}}"])]
            )
        }
    }

    @Test func accessLog() async throws {
        let line =
            #"{{ip:500}} - - [{{time:ncsa}}] "GET {{zipf:path}} HTTP/1.1" {{choice:200=95|404=5}} {{integer:100:9999}}"#
        let template = try GeneratorTemplate(.string(Bytes(line)), lists: ["path": .init(["/", "/a", "/b"])])
        let found = try await gather(GenerateSource(count: 5000, template: template))
        let shape = try Regex(
            #"[0-9.]+ - - \[01/Jan/2024:0\d:\d\d:\d\d \+0000\] "GET /[ab]? HTTP/1.1" (200|404) \d{3,4}"#
        )
        #expect(found.texts.allSatisfy { $0.wholeMatch(of: shape) != nil })
    }

    @Test func aClosureMakesValues() async throws {
        let source = GenerateSource(count: 3, seed: 1) { index, random in
            [.integer(Int64(index)), .integer(random.integer(in: 5...5))]
        }
        #expect(try await gather(source).values == [[0, 5], [1, 5], [2, 5]])
        let broken = GenerateSource(count: 3) { _, _ in throw JobFailure(.handler, "no") }
        #expect(try await gather(broken).problem == "in: no")
    }

    @Test func endlessUntilDrained() async throws {
        let source = GenerateSource(template: try GeneratorTemplate("x"))
        let found = try await gather(source) { _, pipeline in pipeline?.drain() }
        #expect(found.error == nil && found.isBalanced && !found.jobs.isEmpty)
    }

    /// A clock on which time passes only while somebody sleeps.
    private final class SleepingClock: PipelineClock {
        private let passed = Mutex(Duration.zero)
        var now: Duration { passed.withLock { $0 } }
        var date: Date { Date(timeIntervalSince1970: 0) }
        func sleep(for duration: Duration) async throws { passed.withLock { $0 += duration } }
    }

    @Test(arguments: [(0.5, 3), (10, 21), (1000, 5001), (250_000, 500_001)])
    func rate(perSecond: Double, count: Int) async throws {
        let clock = SleepingClock()
        let source = GenerateSource(count: count, rate: perSecond, template: try GeneratorTemplate("x"))
        #expect(try await gather(source, clock: clock).jobs.count == count)
        let expected = Duration.seconds(Double(count - 1) / perSecond)
        #expect(clock.now >= expected - .milliseconds(1) && clock.now <= expected + .milliseconds(15))
    }

    @Test func whatWasMissedLongAgoIsNotMadeUpFor() {
        var pace = Pace(rate: 100, start: .zero)
        #expect(pace.due(after: 0, at: .zero) == 1)
        #expect(pace.due(after: 1, at: .milliseconds(500)) == 50)
        #expect(pace.due(after: 51, at: .seconds(60)) == 1)
        #expect(pace.due(after: 52, at: .seconds(60) + .milliseconds(20)) == 2)
    }
}
