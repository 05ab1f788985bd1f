import Testing
import Tidemill
import TidemillTesting

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct CSVSinkTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func sink(_ columns: [String]? = nil, mode: FileSink.Mode = .replace) -> FileSink {
        FileSink(
            folder.path("out"),
            format: .csv(columns: columns, delimiter: UInt8(ascii: ",")),
            mode: mode,
            logger: .quiet
        )
    }

    @Test func columnsOfTheFirstTable() async throws {
        let failures = try await written(
            [
                ["b": 1, "a": "x,\"y\""], ["a": "z"], ["a": 1, "c": 2], [1, 2], [1], "no",
                ["a": [1, "q"], "b": .null],
            ],
            to: sink()
        )
        #expect(try folder.read("out") == "b,a\n1,\"x,\"\"y\"\"\"\n,z\n1,2\n,\"[1,\"\"q\"\"]\"\n")
        #expect(failures.keys.sorted() == [2, 4, 5])
        #expect(failures[2] == "the field \"c\" is none of the CSV's columns: b, a")
        #expect(failures[4] == "a row of 1 fields where the CSV has 2")
        #expect(failures[5] == "a CSV row is a table or an array, not a string")
    }

    @Test func givenColumns() async throws {
        let failures = try await written([["b": 1], ["x": 1], ["a": .number(.nan)]], to: sink(["a", "b"]))
        #expect(try folder.read("out") == "a,b\n,1\n")
        #expect(failures.count == 2)
    }

    @Test func rowsWithoutNames() async throws {
        let failures = try await written([["x", ""], [""], ["a": 1]], to: sink())
        #expect(try folder.read("out") == "x,\n")
        #expect(failures[1] == "a row of 1 fields where the CSV has 2")
        #expect(failures[2] == "a table behind rows that are arrays: there are no column names")
    }

    @Test func appendGoesOnUnderTheHeader() async throws {
        try folder.write("out", "a,b\n1,\"x\ny\"\n2,\"half\nof")
        _ = try await written([["b": 3]], to: sink(mode: .append))
        #expect(try folder.read("out") == "a,b\n1,\"x\ny\"\n,3\n")
        _ = try await written([["a": 4]], to: sink(["a", "b"], mode: .append))
        #expect(try folder.read("out") == "a,b\n1,\"x\ny\"\n,3\n4,\n")
        let error = await #expect(throws: FileProblem.self) { try await sink(["b", "a"], mode: .append).open() }
        #expect(error?.description == "\(folder.path("out")): its columns (a, b) are not the columns b, a")
    }

    @Test(arguments: 0..<100)
    func whatIsWrittenIsRead(seed: Int) async throws {
        var numbers = SeededRandom(seed: seed)
        let columns = (0..<Int.random(in: 1...4, using: &numbers)).map { "column \($0)" }
        var values: [Value] = []
        for _ in 0..<Int.random(in: 1...50, using: &numbers) {
            values.append(
                .table(
                    columns.map { column in
                        let length = Int.random(in: 0...5, using: &numbers)
                        return (column, .string(Bytes(numbers.bytes(length, frequent: ",\"\n\r a"))))
                    }
                )
            )
        }
        #expect(try await written(values, to: sink()) == [:])
        let found = try await gather(FileSource(folder.path("out"), format: .csv))
        #expect(found.values == values)
        #expect(found.failures == [])
    }
}
