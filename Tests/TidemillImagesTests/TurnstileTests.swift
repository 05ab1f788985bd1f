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
    @Test func eachDamageHasItsOwnText() throws {
        let jpeg = try Samples.named("jpeg").bytes
        let png = try Samples.named("png").bytes
        let damaged = [jpeg.slice(0..<jpeg.count / 2), png.slice(0..<png.count / 2)]
        let words = [("jpeg", "png"), ("png", "jpeg")]
        let wrong = Mutex<[String]>([])
        let failures = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for _ in 0..<1_000 {
                let (own, others) = words[worker % 2]
                do throws(ImageError) {
                    _ = try Image.load(damaged[worker % 2]).samples()
                } catch {
                    failures.add(1, ordering: .relaxed)
                    let text = error.reason.lowercased()
                    if !text.contains(own) || text.contains(others) || text.contains("at the same time") {
                        wrong.withLock { $0.append(error.reason) }
                    }
                }
            }
        }
        #expect(failures.load(ordering: .relaxed) == 4_000)
        #expect(wrong.withLock { $0 } == [])
    }
}
