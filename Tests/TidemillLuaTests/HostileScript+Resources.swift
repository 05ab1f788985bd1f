@testable import TidemillLua

extension HostileScript {
    static let memory = [
        HostileScript("return ('x'):rep(1e9)", .fails(.memory, "not enough memory")),
        HostileScript("return ('xx'):rep(math.maxinteger)", .fails(.runtime, "resulting string too large")),
        HostileScript("return (''):rep(math.maxinteger)", .gives("\"\"")),
        HostileScript("local t = {} while true do t[#t + 1] = {} end", .fails(.memory, "")),
        HostileScript("local s = 'x' while true do s = s .. s end", .fails(.memory, "")),
        HostileScript("local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1e5) end", .fails(.memory, "")),
        HostileScript(
            "local s, t = ('x'):rep(1e5), {} for i = 1, 1000 do t[i] = s end return table.concat(t)",
            .fails(.memory, "")
        ),
        HostileScript("return (('x'):rep(1e5):gsub('.', ('y'):rep(1000)))", .fails(.memory, "")),
        HostileScript("return (('x'):rep(1e7))", .fails(.memory, "")),
        HostileScript("return (pcall(string.rep, 'x', 1e9))", .gives("false")),
        HostileScript(
            "local t = {} for i = 1, 1e6 do t[i] = coroutine.create(print or error) end",
            .fails(.memory, "")
        ),
        HostileScript("local t = {} for i = 1, 1e6 do t[i] = function() return i end end", .fails(.memory, "")),
        HostileScript("while pcall(error, ('x'):rep(1e6)) do end error(('y'):rep(1e6))", .fails(.runtime, "yyyy")),
        HostileScript("table.unpack({}, 1, 1e7)", .fails(.runtime, "too many results to unpack")),
        HostileScript("return select('#', table.unpack({}, 1, 2e4))", .gives("20000")),
        HostileScript("return #string.format('%99d', 1) + #string.format('%.99f', 1e300)", .gives("500")),
        HostileScript("string.format('%100d', 1)", .fails(.runtime, "invalid conversion")),
        HostileScript("string.format(('%d'):rep(300), 1)", .fails(.runtime, "bad argument #3")),
        HostileScript("for i = 1, 2000 do ctx:emit(i) end", .fails(.emissions, "over their limit")),
        HostileScript("while true do pcall(ctx.emit, ctx, 1) ctx:emit(2) end", .fails(.emissions, "over their limit")),
        HostileScript("while true do ctx:emit(('x'):rep(1e4)) end", .fails(.outputBytes, "limit of bytes")),
        HostileScript("while true do ctx:emit(1, {key = ('x'):rep(1e4)}) end", .fails(.outputBytes, "limit of bytes")),
        HostileScript(
            "while true do ctx:emit(1, {metadata = {k = ('x'):rep(1e4)}}) end",
            .fails(.outputBytes, "limit")
        ),
        HostileScript("local t = {1} for i = 1, 40 do t = {t, t} end return t", .fails(.outputBytes, "limit of bytes")),
        HostileScript(
            "local t = {1} for i = 1, 18 do t = {t, t} end ctx:emit(t)",
            .fails(.outputBytes, "limit of bytes")
        ),
        // Exponential, but of a size that ends.
        HostileScript("return ('a'):rep(20):find(('a-'):rep(6) .. 'b') == nil", .gives("true")),
        HostileScript("('x'):rep(1000):match(('x?'):rep(1000))", .fails(.runtime, "pattern too complex")),
        HostileScript("('x'):match(('(x?)'):rep(40))", .fails(.runtime, "too many captures")),
        HostileScript("return ('a'):rep(60):find(('a-'):rep(30) .. 'b')", .runsUntilAbandoned),
    ]

    static let recursion = [
        HostileScript("local function f() return 1 + f() end f()", .fails(.memory, "")),
        HostileScript("local function f() return (pcall(f)) end return f()", .gives("true")),
        HostileScript("local function f(s) return (s:gsub('.', f)) end f('x')", .fails(.runtime, "C stack overflow")),
        HostileScript(
            "local function f(a, b) table.sort({1, 2, 3}, f) return a < b end f(1, 2)",
            .fails(.runtime, "C stack overflow")
        ),
        HostileScript(
            "local m = {} m.__tostring = function(t) return tostring(setmetatable({}, m)) end tostring(setmetatable({}, m))",
            .fails(.runtime, "C stack overflow")
        ),
        HostileScript("local function f() return load(f) end return f() == nil", .gives("true")),
        HostileScript("return pcall(load, ('('):rep(1000)) and load(('('):rep(1000)) == nil", .gives("true")),
        HostileScript("return load('return ' .. ('{'):rep(300) .. ('}'):rep(300)) == nil", .gives("true")),
        HostileScript("return load('x = ' .. ('-'):rep(500) .. '1') == nil", .gives("true")),
        HostileScript(
            "local t = {} for i = 1, 200 do t = {t} end return t",
            .fails(.runtime, "nesting deeper")
        ),
        HostileScript("local t = {} t.t = t return t", .fails(.runtime, "nesting deeper")),
        HostileScript(
            "return (pcall(require('json').decode, ('['):rep(1e5)))",
            .gives("false")
        ),
    ]

    static let endless = [
        "while true do end", "::a:: goto a", "repeat until false", "for i = 1, math.huge do end",
        "while true do pcall(function() while true do end end) end", "while true do pcall(error) end",
        "while true do xpcall(error, function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "kept = coroutine.wrap(function() while true do for i = 1, 1000 do end coroutine.yield() end end) while true do kept() end",
        "local function f() while true do pcall(coroutine.wrap(f)) end end f()",
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
        "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
        "local t = setmetatable({}, {__eq = function() while true do end end}) return t == setmetatable({}, getmetatable(t))",
        "local t = setmetatable({}, {__concat = function() while true do end end}) return t .. 'x'",
        "local t = setmetatable({}, {__len = function() while true do end end}) return #t",
        "local t = setmetatable({}, {__call = function(t) while true do end end}) t()",
        "local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1",
        "table.sort({3, 2, 1}, function() while true do end end)",
        ";('a'):gsub('.', function() while true do end end)",
        "local c <close> = setmetatable({}, {__close = function() while true do end end})",
        "local c <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
        "local m = {} m.__tostring = function() error(setmetatable({}, m)) end while true do pcall(tostring, setmetatable({}, m)) end",
        "load(function() while true do end end)",
        "for _ in function() return 1 end do end",
        "local function f() return f() end f()",
        "while true do collectgarbage('step') end",
        "while true do setmetatable({}, {__mode = 'k'})[{}] = {} end",
        "table.move({}, 1, math.maxinteger - 1, 2)",
        "table.insert(setmetatable({}, {__len = function() return 1 << 50 end}), 1, 1)",
        "table.remove(setmetatable({}, {__len = function() return 1 << 50 end}), 1)",
        "table.concat(setmetatable({}, {__len = function() return 1 << 50 end, __index = function() return '' end}))",
        "table.sort(setmetatable({}, {__len = function() return 1e6 end, __index = function() return 1 end, __newindex = type}), function() return false end)",
        "while true do ctx:read() end", "while true do pcall(ctx.retry, ctx) end",
    ].map { HostileScript($0, .runsUntilInterrupted) }
}
