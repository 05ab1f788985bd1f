extension PipelineNode {
    /// A stage that is a closure on types of yours.
    ///
    /// A job's value is decoded, and what the closure returns is encoded for the next node, which may be a script; nil
    /// is filtered. A value that is not what `Input` wants fails its job with the kind `input`, and says where.
    ///
    /// ```swift
    /// .stage("price", of: Order.self) { order, _ in Priced(id: order.id, total: order.items.reduce(0) { $0 + $1.price }) }
    /// ```
    public static func stage<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ name: String,
        of input: Input.Type,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        handle: @escaping @Sendable (Input, JobContext) async throws -> Output?
    ) -> PipelineNode {
        .stage(name, inputs: inputs, settings) { job, context in
            guard let output = try await handle(try job.decoded(as: input), context) else { return nil }
            return try ValueEncoder().encode(output)
        }
    }

    /// A sink that is a closure on a type of yours: when it returns, the jobs count as delivered.
    ///
    /// A job whose value is not what `Input` wants fails alone, with the kind `input`.
    public static func sink<Input: Decodable & Sendable>(
        _ name: String,
        of input: Input.Type,
        inputs: [String]? = nil,
        write: @escaping @Sendable ([Input]) async throws -> Void
    ) -> PipelineNode {
        .sink(name, inputs: inputs) { batch in
            var values: [Input] = []
            for index in 0..<batch.count {
                do {
                    values.append(try batch[index].decoded(as: input))
                } catch {
                    batch.fail(index, JobFailure(error))
                }
            }
            if !values.isEmpty { try await write(values) }
        }
    }
}

extension Job {
    /// A job that carries a value of yours.
    ///
    /// - Throws: what its encoding throws.
    public init(encoding value: some Encodable, key: Bytes? = nil, metadata: Value = .null) throws {
        self.init(try ValueEncoder().encode(value), key: key, metadata: metadata)
    }

    /// What the job carries, as a type of yours.
    ///
    /// - Throws: a failure of the kind `input` that says where the value is not what the type wants.
    public func decoded<Result: Decodable>(as type: Result.Type = Result.self) throws(JobFailure) -> Result {
        do {
            return try ValueDecoder().decode(type, from: value)
        } catch let error as DecodingError {
            throw JobFailure(.input, "no \(type): \(error.place)", advice: .never)
        } catch {
            throw JobFailure(.input, "no \(type): \(error)", advice: .never)
        }
    }
}

extension DecodingError {
    /// Where it is, and what is wrong there.
    fileprivate var place: String {
        let context =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: DecodingError.Context(codingPath: [], debugDescription: "\(self)")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }
}
