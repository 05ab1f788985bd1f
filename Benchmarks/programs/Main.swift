import Tidemill

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs one measurement and prints it as one line of JSON, as the peers do.
@main
struct Main {
    static func main() async {
        do {
            try await measure(Options(CommandLine.arguments.dropFirst()))
        } catch {
            let text = "tidemill-bench: \(error)\n"
            _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            exit(1)
        }
    }

    private static func measure(_ options: Options) async throws {
        switch options.pattern {
        case "idle":
            let dispatch = try options.choice("--dispatch", DispatchMode.shared)
            let (workers, jobs) = (options.number("--workers") ?? 4, options.number("--jobs") ?? 50_000)
            let rate = options.number("--rate") ?? 12_000
            let long = try options.choice("--long", LongJobs.compute)
            print(try await measureQueueWait(dispatch, long, workers: workers, jobs: jobs, rate: rate))
        case "keys":
            let dispatch = try options.choice("--dispatch", DispatchMode.key)
            let (workers, jobs) = (options.number("--workers") ?? 8, options.number("--jobs") ?? 20_000)
            let keys = try options.choice("--keys", KeyShares.zipf)
            print(try await measureUtilisation(dispatch, keys, workers: workers, jobs: jobs))
        case "order-stress":
            let order = try options.choice("--order", JobOrder.key)
            let keys = try options.choice("--keys", KeyShares.zipf)
            print(try await measureOrderUnderStress(order, keys, jobs: options.number("--jobs") ?? 2_000_000))
        case "waits":
            let (workers, jobs) = (options.number("--workers") ?? 10_000, options.number("--jobs") ?? 1_000_000)
            let wait = Duration.milliseconds(options.number("--wait") ?? 10)
            print(try await measureWaits(workers: workers, jobs: jobs, wait: wait))
        case "sleeps":
            let (workers, jobs) = (options.number("--workers") ?? 10_000, options.number("--jobs") ?? 1_000_000)
            let wait = Duration.milliseconds(options.number("--wait") ?? 10)
            print(try await measureSleeps(workers: workers, jobs: jobs, wait: wait))
        case "idle-workers":
            let workers = options.number("--workers") ?? 2
            print("{\"workers\":\(workers),\"rss_kib\":\(try await measureIdleWorkers(workers))}")
        case "cancel":
            let (workers, runs) = (options.number("--workers") ?? 2, options.number("--runs") ?? 20)
            print(try await measureStops(workers: workers, runs: runs))
        case "scaling":
            let work = try options.choice("--work", ScaledWork.io)
            print(try await measureScaling(work, most: options.number("--workers") ?? 64))
        case "overhead":
            let (jobs, rounds) = (options.number("--jobs") ?? 10_000_000, options.number("--runs") ?? 5)
            print(try await measureOverhead(jobs: jobs, rounds: rounds))
        case "queue":
            let (messages, batch) = (options.number("--messages") ?? 20_000, options.number("--batch") ?? 16)
            print(try measureQueue(messages: messages, batch: batch, folder: options.text("--folder") ?? "."))
        case "queue-deep":
            let messages = options.number("--messages") ?? 1_000_000
            print(try measureDeepQueue(messages: messages, folder: options.text("--folder") ?? "."))
        default:
            try await measureRate(options)
        }
    }

    /// How many jobs a second, after a warm-up.
    private static func measureRate(_ options: Options) async throws {
        let jobs = options.number("--jobs") ?? 10_000_000
        let workers = options.number("--workers") ?? (options.pattern == "lua-empty" ? 1 : 2)
        let run: (Int) async throws -> Duration
        switch options.pattern {
        case "pipe": run = { try await runDispatch(stages: 3, workers: workers, jobs: $0) }
        case "chan": run = { try await runDispatch(stages: 1, workers: workers, jobs: $0) }
        case "lua-empty": run = { try await runEmptyScript(workers: workers, jobs: $0) }
        case "dispatch":
            let dispatch = try options.choice("--dispatch", DispatchMode.shared)
            run = { try await runDispatch(stages: 1, workers: workers, jobs: $0, dispatch) }
        case "order":
            let order = try options.choice("--order", JobOrder.none)
            let keys = try options.choice("--keys", KeyShares.uniform)
            run = { try await runOrdered(order, keys, workers: workers, jobs: $0) }
        default: throw BenchmarkError(message: Options.usage)
        }
        _ = try await run(max(jobs / 20, 1))
        let seconds = try await run(jobs) / .seconds(1)
        print(
            """
            {"pattern":"\(options.pattern)","jobs":\(jobs),"workers":\(workers),"seconds":\(seconds),\
            "jobs_per_s":\(Double(jobs) / seconds),"rss_mib":\(Double(residentKiB()) / 1024)}
            """
        )
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
