import Tidemill
import TidemillLua

extension ScriptModule {
    /// The module of one worker's state.
    func bound(to stage: ScriptStage, _ current: CurrentJob) -> LuaModule {
        let bind = { (function: ScriptFunction) in function.bound(memory: stage.limits.memory, stage.files, current) }
        return LuaModule(
            name,
            functions: functions.map(bind),
            methods: methods.map(bind),
            property: property.map { property in
                bind(ScriptFunction(name) { call in try property(call).map { [$0] } ?? [] })
            }
        )
    }
}

extension ScriptFunction {
    fileprivate func bound(memory: Int, _ files: ReadableFiles, _ current: CurrentJob) -> LuaFunction {
        LuaFunction(name) { call in
            let interrupter = current.interrupter
            let results = try body(
                ScriptCall(call.values, memory: memory, files: files) { interrupter?.isAsked ?? false }
            )
            if results.isEmpty { return .nothing }
            var writer = ByteWriter()
            for result in results { writer.append(flat: result) }
            let encoding = writer.take()
            return .encoded(Array(encoding), owner: encoding.owner)
        }
    }
}

extension LuaObjects {
    /// The objects of values.
    static let values = LuaObjects(
        retain: { _ = Unmanaged.passUnretained(ValueObject.at($0)).retain() },
        release: { Unmanaged<ValueObject>.fromOpaque($0).release() },
        footprint: { ValueObject.at($0).footprint },
        type: { ValueObject.at($0).typeNameInC }
    )
}
