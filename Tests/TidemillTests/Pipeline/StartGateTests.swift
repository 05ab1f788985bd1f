import Testing

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct StartGateTests {
    @Test(arguments: [0, 1, 5]) func opensForAllOrNobody(failing: Int) async {
        let gate = StartGate(parts: 20)
        let passed = await withTaskGroup { group in
            for part in 0..<20 {
                group.addTask {
                    guard part < failing else { return await gate.pass() }
                    gate.fail()
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(passed == (failing == 0 ? 20 : 0))
    }
}
