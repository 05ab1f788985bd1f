internal import CLuaHost

extension LuaState {
    func define(_ ports: [LuaPort], _ context: LuaContext, _ modules: [LuaModule]) throws(LuaError) {
        for port in ports { try add(port) }
        for function in context.functions { try define(TIDE_CONTEXT_FUNCTION, function) }
        for (name, value) in context.values { try define(TIDE_CONTEXT_VALUE, name, value) }
        for function in context.lazy { try define(TIDE_CONTEXT_LAZY, function) }
        for module in modules {
            for function in module.functions { try define(TIDE_MODULE_FUNCTION, in: module.name, function) }
            for (name, value) in module.values { try define(TIDE_MODULE_VALUE, in: module.name, name, value) }
            for method in module.methods { try define(TIDE_OBJECT_METHOD, in: module.name, method) }
            if let property = module.property { try define(TIDE_OBJECT_PROPERTY, in: module.name, property) }
        }
    }

    func add(_ port: LuaPort) throws(LuaError) {
        guard let raw else { throw .closed }
        let format = port.format == .flat ? TIDE_FORMAT_FLAT : TIDE_FORMAT_JSON_LINE
        guard tide_state_add_port(raw, port.name, port.name.utf8.count, format) else {
            throw LuaError("not enough memory for a port", kind: .memory)
        }
    }

    func define(_ place: tide_place, in module: String? = nil, _ function: LuaFunction) throws(LuaError) {
        guard let raw else { throw .closed }
        let number = host.add(function)
        guard tide_state_define(raw, place, module, function.name, number, nil, 0) else {
            throw LuaError(report.pointee)
        }
    }

    func define(
        _ place: tide_place,
        in module: String? = nil,
        _ name: String,
        _ value: [UInt8]
    ) throws(LuaError) {
        guard let raw else { throw .closed }
        let defined = value.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { tide_state_define(raw, place, module, name, -1, $0, bytes.count) }
        }
        guard defined == true else {
            throw defined == nil ? LuaError("a value has no bytes", kind: .misuse) : LuaError(report.pointee)
        }
    }
}
