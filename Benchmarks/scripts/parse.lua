-- The log parse task in one step. The C peer and the plain Lua peer run this same file.
local match, sub, tointeger = string.match, string.sub, math.tointeger

local PATTERN = '^(%S+) %S+ (%S+) %[([^%]]+)%] "(%S+) (%S+) (%S+)" (%d%d%d) (%S+) "([^"]*)" "([^"]*)"$'

return function(line)
  local ip, user, ts, method, path, proto, status, bytes, referer, agent = match(line, PATTERN)
  if not ip or path == "/healthz" then return end
  return {
    ip = ip, user = user, ts = ts, method = method, path = path, proto = proto,
    status = tointeger(tonumber(status)), bytes = bytes == "-" and 0 or tointeger(tonumber(bytes)),
    referer = referer, agent = agent, class = sub(status, 1, 1) .. "xx",
  }
end
