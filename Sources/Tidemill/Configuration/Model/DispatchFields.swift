/// The fields that say how many workers a stage has, and how jobs reach them.
enum DispatchFields {
    static let stage = [workers, dispatch, order, key, maxPerKey]

    private static let workers = FieldSpecification(
        "workers",
        .union([.integer(in: 1...4_096), .choice(["cores"]), .object(ScalingFields.all)]),
        "How many jobs it works on at a time; `cores` is one for each processor core. With `min` and `max` there are "
            + "more workers while jobs wait too long, and fewer once these suffice; each change is logged with its reason.",
        default: 1,
        examples: [4, "cores", ["min": 1, "max": 8]]
    )

    private static let dispatch = FieldSpecification(
        "dispatch",
        .choice(DispatchMode.allCases.map(\.rawValue)),
        "How jobs reach the workers. `shared` is one queue that all of them take small runs from, the fastest. With "
            + "`idle` a worker that has nothing to do takes one job, so that none waits behind a busy worker. `key` lets "
            + "only one worker at a time have jobs of a key. `per_job` gives each job a task of its own, at most as many "
            + "at a time as there are `workers`.",
        default: .string(DispatchMode.shared.rawValue)
    )

    private static let order = FieldSpecification(
        "order",
        .choice(JobOrder.allCases.map(\.rawValue)),
        "The order in which results go on, however many workers there are: `none` is as they are ready, `key` keeps "
            + "those of one key in the order of their jobs and works on one job of a key at a time, `input` keeps the "
            + "order of all jobs that came in.",
        default: .string(JobOrder.none.rawValue)
    )

    private static let key = FieldSpecification(
        "key",
        .string(allowsEmpty: false),
        "Where in a job's value its key is, for `dispatch`, `order` and limits per key: the name of a field, or several "
            + "with dots between them. By default it is the key that the source or a script gave the job. Jobs without a "
            + "key have nothing to do with each other.",
        examples: ["user.id"]
    )

    private static let maxPerKey = FieldSpecification(
        "max_per_key",
        .integer(in: 1...4_096),
        "How many jobs of one key are worked on at a time, so that one key can't have all workers. By default there is no "
            + "limit.",
        examples: [2]
    )
}
