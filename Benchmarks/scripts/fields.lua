-- First of three stages: a line becomes a record of its fields.
local match, tointeger = string.match, math.tointeger

local PATTERN = '^(%S+) %S+ (%S+) %[([^%]]+)%] "(%S+) (%S+) (%S+)" (%d%d%d) (%S+) "([^"]*)" "([^"]*)"$'

return function(line)
  local ip, user, ts, method, path, proto, status, bytes, referer, agent = match(line, PATTERN)
  if not ip then return end
  return {
    ip = ip, user = user, ts = ts, method = method, path = path, proto = proto,
    status = tointeger(tonumber(status)), bytes = bytes == "-" and 0 or tointeger(tonumber(bytes)),
    referer = referer, agent = agent,
  }
end
