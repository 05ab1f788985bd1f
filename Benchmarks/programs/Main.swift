#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs one measurement and prints it as one line of JSON, as the peers do.
@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let pattern = arguments.dropFirst().first ?? ""
        let workers = option("--workers", in: arguments) ?? 2
        let jobs = option("--jobs", in: arguments) ?? 10_000_000
        let measure: (Int) async throws -> Duration
        switch pattern {
        case "pipe": measure = { try await runDispatch(stages: 3, workers: workers, jobs: $0) }
        case "chan": measure = { try await runDispatch(stages: 1, workers: workers, jobs: $0) }
        case "lua-empty":
            let workers = option("--workers", in: arguments) ?? 1
            measure = { try await runEmptyScript(workers: workers, jobs: $0) }
        case "idle":
            print("{\"workers\":\(workers),\"rss_kib\":\(try await measureIdleWorkers(workers))}")
            return
        case "cancel":
            print(try await measureStops(workers: workers, runs: option("--runs", in: arguments) ?? 20))
            return
        case "overhead":
            let rounds = option("--runs", in: arguments) ?? 5
            print(try await measureOverhead(jobs: jobs, rounds: rounds))
            return
        default:
            let patterns = "pipe|chan|lua-empty|idle|cancel|overhead"
            throw BenchmarkError(message: "usage: tidemill-bench \(patterns) [--workers N] [--jobs N] [--runs R]")
        }
        _ = try await measure(max(jobs / 20, 1))
        let time = try await measure(jobs)
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        print(
            """
            {"pattern":"\(pattern)","jobs":\(jobs),"workers":\(workers),"seconds":\(seconds),\
            "jobs_per_s":\(Double(jobs) / seconds),"rss_mib":\(Double(residentKiB()) / 1024)}
            """
        )
    }

    static func option(_ name: String, in arguments: [String]) -> Int? {
        guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
        return Int(arguments[index + 1])
    }

    /// The memory that is resident now, from /proc/self/statm (in pages).
    static func residentKiB() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        let pages = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
    }
}
