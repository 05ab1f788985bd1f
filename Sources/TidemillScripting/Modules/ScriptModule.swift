public import Tidemill

/// A module that scripts get by `require`: functions of the host.
///
///     ScriptModule("geo", functions: [
///         ScriptFunction("country") { call in
///             guard let address = call[0].text else { throw ScriptCall.Problem("an address expected") }
///             return [.string(Bytes(countries.find(address)))]
///         }
///     ])
public struct ScriptModule: Sendable {
    /// What `require` takes; also the type of the objects that have its methods.
    public var name: String
    /// Its functions.
    public var functions: [ScriptFunction]
    /// The methods of objects whose ``Tidemill/ValueObject/typeName`` is the module's name; the object comes first.
    public var methods: [ScriptFunction]
    /// What such an object has as a field that is no method: called with the object and the field's name, with `#` for
    /// its length, and with `tostring` for its text.
    public var property: (@Sendable (ScriptCall) throws -> Value?)?

    /// A module.
    public init(
        _ name: String,
        functions: [ScriptFunction],
        methods: [ScriptFunction] = [],
        property: (@Sendable (ScriptCall) throws -> Value?)? = nil
    ) {
        self.name = name
        self.functions = functions
        self.methods = methods
        self.property = property
    }
}

/// A function of a ``ScriptModule``.
public struct ScriptFunction: Sendable {
    /// Takes a call's arguments and gives its results.
    ///
    /// An error that it throws is raised in the script, at the line that called it.
    public typealias Body = @Sendable (ScriptCall) throws -> [Value]

    /// Its name in the module.
    public let name: String
    /// What it does, in one line, for `tidemill list --modules`.
    public let summary: String
    /// What it takes, for the same; behind the object, where it is a method.
    public let parameters: [ScriptParameter]
    let body: Body

    /// A function.
    ///
    /// It runs on the worker's thread, so it may take long; one that does asks now and then whether it
    /// ``ScriptCall/isStopped``.
    public init(
        _ name: String,
        summary: String = "",
        parameters: [ScriptParameter] = [],
        _ body: @escaping Body
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.body = body
    }
}

/// What is said of a parameter of a ``ScriptFunction``; the function itself checks it.
public struct ScriptParameter: Sendable {
    /// Its name.
    public let name: String
    /// What an argument may be, in words.
    public let type: String
    /// What counts without one, as JSON; nil where nothing does.
    public let standard: String?
    /// Whether there has to be one.
    public let isRequired: Bool
    /// What it means, in one line.
    public let help: String

    /// A parameter.
    public init(_ name: String, _ type: String, standard: String? = nil, isRequired: Bool = true, _ help: String) {
        self.name = name
        self.type = type
        self.standard = standard
        self.isRequired = isRequired
        self.help = help
    }
}

/// A call of a ``ScriptFunction``.
public struct ScriptCall: Sendable {
    /// What is wrong with a call, in words for the script's author.
    public struct Problem: Error, CustomStringConvertible {
        /// What is wrong.
        public let description: String

        /// A problem.
        public init(_ description: String) { self.description = description }
    }

    /// The arguments, the object first where it is a method.
    public let arguments: [Value]
    /// How many bytes the worker's script may hold.
    public let memory: Int
    private let stopped: @Sendable () -> Bool
    private let files: ReadableFiles

    init(_ arguments: [Value], memory: Int, files: ReadableFiles, stopped: @escaping @Sendable () -> Bool) {
        self.arguments = arguments
        self.memory = memory
        self.files = files
        self.stopped = stopped
    }

    /// The argument at an index, counted from 0; null where there is none.
    public subscript(index: Int) -> Value {
        arguments.indices.contains(index) ? arguments[index] : .null
    }

    /// Whether the job at hand was cancelled or has run out of time, so that nobody waits for the result.
    public var isStopped: Bool { stopped() }

    /// The bytes of a file that the stage's `capabilities` let its scripts read.
    ///
    /// - Throws: what is wrong where they don't, or where it can't be read.
    public func read(_ path: String) throws -> Bytes { Bytes(try files.read(path)) }
}

/// A module that stages offer to their scripts, with the fields that say how it is to behave there.
public struct ScriptLibrary: Sendable {
    /// The fields that stages with a script get for it.
    public let fields: [FieldSpecification]
    /// The module as it is where the settings say nothing of it.
    public let standard: ScriptModule
    let make: @Sendable (Settings) throws -> ScriptModule

    /// A module that is made of a stage's settings.
    public init(
        _ standard: ScriptModule,
        fields: [FieldSpecification] = [],
        make: @escaping @Sendable (Settings) throws -> ScriptModule
    ) {
        self.standard = standard
        self.fields = fields
        self.make = make
    }
}
