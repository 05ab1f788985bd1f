import CVips
import Foundation
import Synchronization
import Testing
import TidemillValue

@testable import TidemillImages

/// Whose error it is.
@Suite struct TurnstileTests {
    /// A turnstile of its own.
    ///
    /// `@unchecked Sendable`: it is what threads meet at, with a lock of its own.
    private final class Turnstile: @unchecked Sendable {
        let pointer = UnsafeMutablePointer<tide_turnstile>.allocate(capacity: 1)
        init() { tide_turnstile_init(pointer) }
        deinit {
            tide_turnstile_destroy(pointer)
            pointer.deallocate()
        }
    }

    @Test func oneByOneIsAlone() {
        let turnstile = Turnstile()
        for _ in 0..<3 {
            let ticket = tide_turnstile_enter(turnstile.pointer, nil)
            #expect(tide_turnstile_was_alone(turnstile.pointer, ticket, nil, nil))
            tide_turnstile_leave(turnstile.pointer)
        }
    }

    @Test func bothOfTwoAreNotAlone() {
        let turnstile = Turnstile()
        let first = tide_turnstile_enter(turnstile.pointer, nil)
        let second = tide_turnstile_enter(turnstile.pointer, nil)
        #expect(!tide_turnstile_was_alone(turnstile.pointer, first, nil, nil))
        #expect(!tide_turnstile_was_alone(turnstile.pointer, second, nil, nil))
        tide_turnstile_leave(turnstile.pointer)
        tide_turnstile_leave(turnstile.pointer)
    }

    @Test func whoCameAndWentMeanwhileCounts() {
        let turnstile = Turnstile()
        let first = tide_turnstile_enter(turnstile.pointer, nil)
        _ = tide_turnstile_enter(turnstile.pointer, nil)
        tide_turnstile_leave(turnstile.pointer)
        #expect(!tide_turnstile_was_alone(turnstile.pointer, first, nil, nil))
        tide_turnstile_leave(turnstile.pointer)
    }

    @Test func waitingToBeAloneEnds() {
        let turnstile = Turnstile()
        _ = tide_turnstile_enter(turnstile.pointer, nil)
        #expect(!tide_turnstile_enter_alone(turnstile.pointer, 5))
        // Nobody is kept out by who gave up.
        _ = tide_turnstile_enter(turnstile.pointer, nil)
        tide_turnstile_leave(turnstile.pointer)
        tide_turnstile_leave(turnstile.pointer)
        #expect(tide_turnstile_enter_alone(turnstile.pointer, 5))
        tide_turnstile_leave_alone(turnstile.pointer)
    }

    @Test func aloneMeansAlone() {
        let turnstile = Turnstile()
        let inside = Atomic(0)
        let broken = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for round in 0..<2_000 {
                if (round + worker) % 3 == 0, tide_turnstile_enter_alone(turnstile.pointer, 10_000) {
                    if inside.load(ordering: .sequentiallyConsistent) != 0 { broken.add(1, ordering: .relaxed) }
                    tide_turnstile_leave_alone(turnstile.pointer)
                } else {
                    _ = tide_turnstile_enter(turnstile.pointer, nil)
                    inside.add(1, ordering: .sequentiallyConsistent)
                    inside.subtract(1, ordering: .sequentiallyConsistent)
                    tide_turnstile_leave(turnstile.pointer)
                }
            }
        }
        #expect(broken.load(ordering: .relaxed) == 0)
    }

    /// libvips has one error text for all threads; each failure must come back with its own.
    ///
    /// In a process of its own: what other tests compute meanwhile may take longer than a failure waits.
    @Test func eachDamageHasItsOwnText() async {
        await #expect(processExitsWith: .success) {
            let jpeg = try Samples.named("jpeg").bytes
            let png = try Samples.named("png").bytes
            let damaged = [jpeg.slice(0..<jpeg.count / 2), png.slice(0..<png.count / 2)]
            let words = [("jpeg", "png"), ("png", "jpeg")]
            let counts = Counts()
            DispatchQueue.concurrentPerform(iterations: 4) { worker in
                let (own, others) = words[worker % 2]
                for _ in 0..<1_000 {
                    do throws(ImageError) { _ = try Image.load(damaged[worker % 2]).samples() } catch {
                        counts.add(error.reason.lowercased(), own, others)
                    }
                }
            }
            // A run that the machine keeps waiting is none of the short ones, and may say that its text is mixed.
            exit(counts.own + counts.marked == 4_000 && counts.marked < 40 ? 0 : 1)
        }
    }
}

/// How many texts were a failure's own, and how many say that they may not be.
private final class Counts: Sendable {
    private let ownCount = Atomic(0)
    private let markedCount = Atomic(0)
    var own: Int { ownCount.load(ordering: .relaxed) }
    var marked: Int { markedCount.load(ordering: .relaxed) }

    func add(_ text: String, _ own: String, _ others: String) {
        if text.contains("at the same time") {
            markedCount.add(1, ordering: .relaxed)
        } else if text.contains(own), !text.contains(others) {
            ownCount.add(1, ordering: .relaxed)
        }
    }
}
