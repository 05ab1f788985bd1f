import Testing

@testable import Tidemill

/// Whose turn it is among keys.
@Suite struct LaneTurnTests {
    private static func lanes(_ rules: (inout LaneRules<Piece>) -> Void = { _ in }) -> Lanes<Piece> {
        var lanes = LaneRules<Piece>(key: { $0.key })
        rules(&lanes)
        return Lanes(lanes)
    }

    /// Takes elements, and says with the batch what they are.
    private static func take(_ lanes: inout Lanes<Piece>, _ limit: Int = 1) -> (pieces: [Piece], batch: Batch<Piece>) {
        let batch = Batch<Piece>()
        _ = lanes.take(batch, limit: limit, onlyReturned: false, admit: nil)
        return ((0..<batch.count).map { batch[$0] }, batch)
    }

    /// Puts `count` elements of a key in, numbered from `first`.
    private static func fill(_ lanes: inout Lanes<Piece>, _ key: UInt64?, _ count: Int, from first: Int) {
        for number in first..<first + count { lanes.append(Piece(number: number, key: key), UInt64(number)) }
    }

    @Test(arguments: [1, 8, 512]) func aKeyThatHasManyKeepsNobodyWaiting(limit: Int) {
        var lanes = Self.lanes()
        Self.fill(&lanes, 1, 10_000, from: 0)
        Self.fill(&lanes, 2, 3, from: 10_000)
        Self.fill(&lanes, nil, 3, from: 10_003)
        var taken: [Piece] = []
        while taken.count < 100 { taken += Self.take(&lanes, limit).pieces }
        #expect(taken.prefix(100).count { $0.key == 2 } == 3)
        #expect(taken.prefix(100).count { $0.key == nil } == 3)
    }

    @Test func manyReturnsGiveNoMoreTurns() {
        var lanes = Self.lanes()
        for key in 1...4 as ClosedRange<UInt64> { Self.fill(&lanes, key, 1_000, from: Int(key) * 10_000) }
        for _ in 0..<200 {
            // One of the first key comes back while its lane has its turn before it.
            lanes.restore(Piece(number: 0, key: 1), 0)
            #expect(Self.take(&lanes).pieces.map(\.number) == [0])
        }
        var counts: [UInt64?: Int] = [:]
        for _ in 0..<400 { for piece in Self.take(&lanes).pieces { counts[piece.key, default: 0] += 1 } }
        #expect(counts == [1: 100, 2: 100, 3: 100, 4: 100])
    }

    @Test func severalOfOneBatchThatComeBackKeepTheirKey() {
        var lanes = Self.lanes {
            $0.isExclusive = true
            $0.isOrdered = true
        }
        Self.fill(&lanes, 1, 3, from: 0)
        let batch = Self.take(&lanes, 2).batch
        let (first, second) = (batch[0], batch[1])
        lanes.keep(first, from: batch)
        lanes.keep(second, from: batch)
        #expect(batch.lanes.isEmpty)
        lanes.unkeep(second)
        lanes.restore(second, 1)
        #expect(Self.take(&lanes, 9).pieces.isEmpty, "the first is still away")
        lanes.unkeep(first)
        lanes.restore(first, 0)
        for number in 0..<3 {
            let (pieces, batch) = Self.take(&lanes, 9)
            #expect(pieces.map(\.number) == [number])
            #expect(Self.take(&lanes, 9).pieces.isEmpty, "one receiver at a time")
            lanes.release(batch.lanes)
        }
    }

    @Test func theOldestIsDroppedBesideOneThatCameBack() {
        var lanes = Self.lanes()
        Self.fill(&lanes, 1, 2, from: 0)
        #expect(Self.take(&lanes).pieces.map(\.number) == [0])
        lanes.restore(Piece(number: 0, key: 1), 0)
        Self.fill(&lanes, 2, 1, from: 2)
        #expect(lanes.removeOldest()?.number == 1)
        #expect(lanes.removeOldest()?.number == 2)
        #expect(lanes.removeOldest() == nil)
        #expect(lanes.count == 1 && lanes.returned == 1)
    }

    /// Keys come and go by the million; what is kept of them is bounded, and nothing of it leaks into another key.
    @Test func keysThatAreGoneAreForgotten() {
        var lanes = Self.lanes { $0.isExclusive = true }
        var held: [Batch<Piece>] = []
        for key in 0..<100_000 as Range<UInt64> {
            Self.fill(&lanes, key, 1, from: Int(key))
            let (pieces, batch) = Self.take(&lanes)
            #expect(pieces.map(\.key) == [key])
            if key.isMultiple(of: 1_000) { held.append(batch) } else { lanes.release(batch.lanes) }
        }
        for batch in held { lanes.append(batch[0], 0) }
        #expect(Self.take(&lanes, 1_000).pieces.isEmpty, "those are held still")
        for batch in held { lanes.release(batch.lanes) }
        #expect(Self.take(&lanes, 1_000).pieces.count == held.count)
    }
}
