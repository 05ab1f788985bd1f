@testable import TidemillLua

extension HostileScript {
    static let errors = [
        HostileScript("error(nil)", .fails(.runtime, "nil")), HostileScript("error()", .fails(.runtime, "nil")),
        HostileScript("error({})", .fails(.runtime, "table: ")),
        HostileScript("error(function() end)", .fails(.runtime, "function: ")),
        HostileScript("error(coroutine.create(error))", .fails(.runtime, "thread: ")),
        HostileScript("error(ctx)", .fails(.runtime, "ctx: ")), HostileScript("error(0/0)", .fails(.runtime, "nan")),
        HostileScript(
            "error(setmetatable({}, {__tostring = function() error('again') end}))",
            .fails(.runtime, "text can't be had")
        ),
        HostileScript(
            "error(setmetatable({}, {__tostring = function() return 1 end}))",
            .fails(.runtime, "1")
        ),
        HostileScript("error(setmetatable({}, {__tostring = 1}))", .fails(.runtime, "text can't be had")),
        HostileScript("error(setmetatable({}, {__name = ('n'):rep(1e5)}))", .fails(.runtime, "nnnn")),
        HostileScript(
            "local m = {} m.__tostring = function() error(setmetatable({}, m)) end error(setmetatable({}, m))",
            .fails(.runtime, "text can't be had")
        ),
        HostileScript("return (xpcall(error, function() error('again') end))", .gives("false")),
        HostileScript(
            "local function f(m) error(m) end local ok = xpcall(error, f) return ok",
            .gives("false")
        ),
        HostileScript("return (xpcall(error, coroutine.yield))", .gives("false")),
        HostileScript("error('not enough memory', 0)", .fails(.runtime, "not enough memory")),
        HostileScript("return (pcall(error, 'not enough memory', 0))", .gives("false")),
        HostileScript("assert(false, ctx)", .fails(.runtime, "ctx: ")),
    ]

    static let coroutines = [
        HostileScript("coroutine.yield(1)", .fails(.runtime, "outside a coroutine")),
        HostileScript("return {pcall(coroutine.wrap(function() return coroutine.yield(1) end))}", .gives("[true,1]")),
        HostileScript(
            "local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end}) "
                + "local f = coroutine.wrap(function() return t.x end) return {f(), f(7)}",
            .gives("[\"x\",7]")
        ),
        HostileScript(
            "coroutine.wrap(function() table.sort({3, 2, 1}, coroutine.yield) end)()",
            .fails(.runtime, "attempt to yield across a C-call boundary")
        ),
        HostileScript(
            "coroutine.wrap(function() ('x'):gsub('.', coroutine.yield) end)()",
            .fails(.runtime, "attempt to yield across a C-call boundary")
        ),
        HostileScript("local function f() return coroutine.wrap(f)() end f()", .fails(.runtime, "C stack overflow")),
        HostileScript("coroutine.close(coroutine.running())", .fails(.runtime, "cannot close a running coroutine")),
        HostileScript(
            "local co = coroutine.running() coroutine.wrap(function() coroutine.close(co) end)()",
            .fails(.runtime, "cannot close a normal coroutine")
        ),
        HostileScript("return (coroutine.resume(coroutine.running()))", .gives("false")),
        HostileScript(
            "local f f = coroutine.wrap(function() f() end) f()",
            .fails(.runtime, "cannot resume non-suspended coroutine")
        ),
        HostileScript(
            "local n = 0 for i = 1, 3000 do local f = coroutine.wrap(function() coroutine.yield(i) end) n = n + f() end return n",
            .gives("4501500")
        ),
        HostileScript(
            "old = old or {} for i = 1, 100 do local f = coroutine.wrap(function() while true do coroutine.yield() end end) f() old[i] = f end return #old",
            .gives("100")
        ),
        HostileScript(
            "local co = coroutine.create(function() local c <close> = setmetatable({}, {__close = function() error('closing') end}) "
                + "coroutine.yield() end) coroutine.resume(co) return (coroutine.close(co))",
            .gives("false")
        ),
        HostileScript(
            "local co co = coroutine.create(function() local c <close> = setmetatable({}, {__close = function() coroutine.close(co) end}) "
                + "coroutine.yield() end) coroutine.resume(co) return (coroutine.close(co))",
            .gives("false")
        ),
        HostileScript(
            "return (coroutine.wrap(function(...) return select('#', ...) end)(table.unpack({}, 1, 1e4)))",
            .gives("10000")
        ),
        HostileScript("coroutine.wrap(function() ctx:reject('inside') end)()", .fails(.runtime, "inside")),
        HostileScript(
            "local t = setmetatable({}, {__lt = function() ctx:retry(1, 'inside') end}) table.sort({t, t})",
            .fails(.runtime, "inside")
        ),
    ]

    static let metatables = [
        HostileScript(
            "local s = getmetatable('') local old = s.__index s.__index = function() error('taken over') end "
                + "local ok, m = pcall(function() return ('x'):rep(3) end) s.__index = old error(m, 0)",
            .fails(.runtime, "taken over")
        ),
        HostileScript(
            "local s = getmetatable('') local old = s.__index s.__index = nil ctx:emit({a = 'x'}) s.__index = old",
            .gives(#"{"a":"x"}"#)
        ),
        HostileScript("getmetatable('').__add = function() return 7 end return 'a' + 'b'", .gives("7")),
        HostileScript(
            "local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x",
            .fails(.runtime, "possible loop")
        ),
        HostileScript(
            "local a, b = {}, {} setmetatable(a, {__newindex = b}) setmetatable(b, {__newindex = a}) a.x = 1",
            .fails(.runtime, "possible loop")
        ),
        // Lua 5.4 moves a million arguments up by one, a million times.
        HostileScript("local t = setmetatable({}, {}) getmetatable(t).__call = t t()", .runsUntilAbandoned),
        HostileScript(
            "local t = setmetatable({}, {__len = function() return 'x' end}) table.concat(t)",
            .fails(.runtime, "length is not an integer")
        ),
        HostileScript(
            "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = rawlen, __newindex = type}), rawequal)",
            .fails(.runtime, "too many elements to sort")
        ),
        HostileScript("setmetatable({}, {__gc = function() end})", .fails(.runtime, "__gc is not available")),
        HostileScript("setmetatable({}, setmetatable({}, {__index = {__gc = error}})) return 1", .gives("1")),
        HostileScript(
            "local t = setmetatable({}, {__mode = 'kv'}) for i = 1, 1e4 do t[{}] = {} end return 1",
            .gives("1")
        ),
        HostileScript("return setmetatable({1}, {__mode = 7, __name = {}, __metatable = false})", .gives("[1]")),
        HostileScript("return setmetatable({}, {__index = error, __pairs = error, __len = error})", .gives("{}")),
        HostileScript(
            "local c <close> = setmetatable({}, {__close = function() error('closing') end})",
            .fails(.runtime, "closing")
        ),
        HostileScript("local c <close> = 42", .fails(.runtime, "non-closable value")),
        HostileScript(
            "local m = {__close = error} local c <close> = setmetatable({}, m) m.__close = nil",
            .fails(.runtime, "metamethod 'close'")
        ),
        HostileScript("setmetatable(require('json').array{1}, {})", .fails(.runtime, "protected metatable")),
    ]

    static let values = [
        HostileScript("local t = {} t[0/0] = 1", .fails(.runtime, "index is NaN")),
        HostileScript("local t = {} t[nil] = 1", .fails(.runtime, "index is nil")),
        HostileScript("local t = {} t[1 << 60] = 1 return t", .fails(.runtime, "keys must be all strings")),
        HostileScript("return {1, nil, 3}", .fails(.runtime, "keys must be all strings")),
        HostileScript("return {[1.5] = 1}", .fails(.runtime, "keys must be all strings")),
        HostileScript("return #next({[('k'):rep(1e5)] = 1})", .gives("100000")),
        HostileScript("return {f = function() end}", .fails(.runtime, "cannot pass a function on (at .f)")),
        HostileScript("return coroutine.create(error)", .fails(.runtime, "cannot pass a thread on")),
        HostileScript("return ctx", .fails(.runtime, "cannot pass a userdata on")),
        HostileScript("utf8.char(-1)", .fails(.runtime, "value out of range")),
        HostileScript("utf8.codepoint('\\xff')", .fails(.runtime, "invalid UTF-8")),
        HostileScript("return {utf8.len('\\xff'), utf8.char(0x7fffffff) ~= nil}", .fails(.runtime, "keys must be")),
        HostileScript("tonumber('1', 99)", .fails(.runtime, "base out of range")),
        HostileScript("return tonumber(('9'):rep(5000)) == math.huge", .gives("true")),
        HostileScript("return 1 // 0", .fails(.runtime, "attempt to")),
        HostileScript("return math.mininteger // -1 == math.mininteger", .gives("true")),
        HostileScript("for i = 1, 10, 0 do end", .fails(.runtime, "'for' step is zero")),
        HostileScript(
            "table.move({}, math.mininteger, math.maxinteger, 1)",
            .fails(.runtime, "too many elements to move")
        ),
        HostileScript("table.move({}, 1, 2, math.maxinteger)", .fails(.runtime, "wrap around")),
        HostileScript("table.insert({}, 5, 1)", .fails(.runtime, "position out of bounds")),
        HostileScript("return ('x'):byte(math.mininteger, math.maxinteger)", .gives("120")),
        HostileScript("math.random(0) return pcall(math.random, 2, 1)", .gives("false")),
        HostileScript("os.date('%Ez')", .fails(.runtime, "invalid conversion specifier")),
        HostileScript("os.date('*t', 1 << 62)", .fails(.runtime, "cannot be represented")),
    ]

    static let sandbox = [
        HostileScript(
            "return load('\\27Lua') == nil and load(function() return '\\27Lua' end, 'x', 'b') == nil",
            .gives("true")
        ),
        HostileScript(
            "local n = 0 for _, name in ipairs{'../x', '/etc/passwd', 'a\\0b', '', 'a..b', '.a', ('a'):rep(300), 'a/b', 'io', 'os', 'debug'} do "
                + "n = n + (pcall(require, name) and 1 or 0) end return n",
            .gives("0")
        ),
        HostileScript("ctx.emit = error", .fails(.runtime, "ctx is read-only")),
        HostileScript("ctx.emit({}, 1)", .fails(.runtime, "call it as ctx:emit(value)")),
        HostileScript("ctx.read(coroutine.running())", .fails(.runtime, "call it as ctx:read")),
        HostileScript("ctx.retry(setmetatable({}, {__index = ctx}))", .fails(.runtime, "call it as ctx:retry")),
        HostileScript("rawset(ctx, 'x', 1)", .fails(.runtime, "table expected")),
        HostileScript("return getmetatable(ctx)", .gives("false")),
        HostileScript("collectgarbage('stop')", .fails(.runtime, "invalid option")),
        HostileScript("local _ENV = {} x.y = 1", .fails(.runtime, "attempt to index a nil value")),
        HostileScript("return {pcall(next, {}, 'no such key')}", .gives(#"[false,"invalid key to 'next'"]"#)),
    ]
}
