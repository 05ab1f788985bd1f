-- Takes lines of an access log in NCSA combined format apart. A line that is no such line fails and becomes a
-- dead letter; requests of health checks are dropped.

local match, tointeger, tonumber = string.match, math.tointeger, tonumber

-- host, identity, user, [time], "request", status, bytes, "referer", "agent"
local LINE = '^(%S+) %S+ (%S+) %[([^%]]+)%] "([^"]*)" (%d%d%d) (%S+) "([^"]*)" "([^"]*)"$'
local REQUEST = "^(%u+) (%S+) (HTTP/%d[%.%d]*)$"

local parse = {
  description = "Parses access logs in NCSA combined format",
  version = "1.0.0",
  options = {
    health_path = { type = "string", default = "/healthz", help = "Requests for this path are dropped" },
  },
}

local health_path

function parse.init(ctx)
  health_path = ctx.options.health_path
end

-- "-" stands for "not known" in a log; a record just leaves such a field out.
local function known(text)
  if text ~= "-" then return text end
end

function parse.handle(line)
  local ip, user, time, request, status, bytes, referer, agent = match(line, LINE)
  if not ip then return nil, "not a line in NCSA combined format" end

  local method, path, protocol = match(request, REQUEST)
  if not method then return nil, "not an HTTP request: " .. request end
  if path == health_path then return end

  return {
    ip = ip,
    user = known(user),
    time = time,
    method = method,
    path = path,
    protocol = protocol,
    status = tointeger(tonumber(status)),
    bytes = tointeger(tonumber(bytes)) or 0,
    referer = known(referer),
    agent = known(agent),
  }
end

return parse
