import Foundation

/// How often tests that kill programs do so: `TIDEMILL_KILLS`, or a few times.
enum Kills {
    static func count(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["TIDEMILL_KILLS"].flatMap { Int($0) } ?? usual
    }
}
