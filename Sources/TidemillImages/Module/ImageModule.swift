public import TidemillScripting
import TidemillValue

extension ScriptModule {
    /// `require "image"`: the operations of libvips, under these limits.
    public static func image(_ limits: ImageLimits = ImageLimits()) -> ScriptModule {
        let binding = ImageBinding(limits: limits)
        let operations = ImageOperation.all
        return ScriptModule(
            "image",
            functions: operations.map(binding.function) + [binding.read, binding.row, binding.fromRows],
            methods: operations.filter(\.takesImage).map(binding.function) + [binding.row],
            property: { call in try binding.property(call) }
        )
    }
}

/// Makes operations functions of scripts.
struct ImageBinding: Sendable {
    let limits: ImageLimits

    func function(_ operation: ImageOperation) -> ScriptFunction {
        ScriptFunction(
            operation.name,
            summary: operation.help,
            parameters: operation.parameters.map { ScriptParameter($0) }
        ) { script in
            let call = imageCall(script)
            let (image, given) = try operands(script.arguments, of: operation, call)
            let result = try operation.run(image, arguments: given, call: call)
            return switch result {
            case .image(let image): [.object(ImageObject(image))]
            case .value(let value): [value]
            case .bytes(let bytes): [.object(Blob(bytes))]
            }
        }
    }

    /// `image.read(path[, options])`: a file that the stage may read.
    var read: ScriptFunction {
        ScriptFunction(
            "read",
            summary: "The image of a file that the stage's `capabilities` grant; takes the options of `load` too.",
            parameters: [ScriptParameter("path", "a string", "The file.")]
        ) { script in
            guard let path = script[0].text else { throw ScriptCall.Problem("image.read takes a path") }
            let file = ImageArgument.bytes(try script.read(path))
            let rest = try arguments(Array(script.arguments.dropFirst()), imageCall(script))
            let given = ImageArguments([file] + rest.positional, named: rest.named)
            let result = try ImageOperation.named("load")?.run(nil, arguments: given, call: imageCall(script))
            return result?.image.map { [.object(ImageObject($0))] } ?? []
        }
    }

    func imageCall(_ script: ScriptCall) -> ImageCall {
        var limits = limits
        // More than the worker may hold could not be given to its script.
        limits.maxBytes = min(limits.maxBytes, script.memory)
        return ImageCall(limits: limits) { script.isStopped }
    }

    /// The image that a value is, or that its bytes are a file of.
    func image(_ value: Value, _ call: ImageCall) throws -> Image {
        switch value {
        case .object(let object as ImageObject): return object.image
        case .object(let object as ArchivedObject): return try Image.restore(object.contents, call: call)
        default:
            guard let bytes = value.content else {
                throw ScriptCall.Problem("an image expected, or a blob or string with a file's bytes")
            }
            return try Image.load(bytes, call: call)
        }
    }

    /// What an operation works on, and its arguments; the images of a list are its first one and others.
    private func operands(
        _ values: [Value],
        of operation: ImageOperation,
        _ call: ImageCall
    ) throws -> (Image?, ImageArguments) {
        guard operation.takesImage else { return (nil, try arguments(values, call)) }
        let first = values.first ?? .null
        let rest = try arguments(Array(values.dropFirst()), call)
        guard let list = first.elements, let head = list.first else { return (try image(first, call), rest) }
        let others = ImageArgument.images(try list.dropFirst().map { try image($0, call) })
        return (try image(head, call), ImageArguments([others] + rest.positional, named: rest.named))
    }

    /// The arguments behind the image; a table at the end names some.
    private func arguments(_ values: [Value], _ call: ImageCall) throws -> ImageArguments {
        guard let fields = values.last?.fields else { return ImageArguments(try values.map { try argument($0, call) }) }
        return ImageArguments(
            try values.dropLast().map { try argument($0, call) },
            named: try fields.map { ($0.key, try argument($0.value, call)) }
        )
    }

    private func argument(_ value: Value, _ call: ImageCall) throws -> ImageArgument {
        switch value {
        case .object(let blob as Blob): return .bytes(blob.contents)
        case .object: return .image(try image(value, call))
        default:
            guard let elements = value.elements, let first = elements.first, first.object != nil else {
                return .value(value)
            }
            return .images(try elements.map { try image($0, call) })
        }
    }
}

extension ScriptParameter {
    fileprivate init(_ parameter: ImageParameter) {
        self.init(
            parameter.name,
            parameter.kind.description,
            standard: parameter.standard?.description,
            isRequired: parameter.isRequired,
            parameter.help
        )
    }
}
