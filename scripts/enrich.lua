-- Adds what can be derived from a parsed request, looks the client's network up in a table that is loaded once a
-- worker, and sends requests that failed on the server to the port "errors" as well.

local csv = require "lib.csv"
local networks = require "lib.networks"

local enrich = {
  description = "Adds derived fields and the client's network to access log records",
  version = "1.0.0",
  ports = { "errors" },
  options = {
    networks = { type = "path", required = true, help = "A CSV file with the columns network and name" },
    slow_bytes = { type = "integer", default = 1048576, range = { 1, 1 << 40 }, help = "Responses from here on count as large" },
  },
}

local table_of_networks, slow_bytes

function enrich.init(ctx)
  local text = require("file").read(ctx.options.networks)
  table_of_networks = networks.new(csv.rows(text))
  slow_bytes = ctx.options.slow_bytes
end

local months = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

-- 12/Mar/2024:06:25:24 +0100 as ISO 8601
local function iso(time)
  local day, month, year, clock, hours, minutes = time:match("^(%d%d)/(%a%a%a)/(%d%d%d%d):(%d%d:%d%d:%d%d) ([+-]%d%d)(%d%d)$")
  local number = months[month]
  if not number then error("not a time of an access log: " .. time, 0) end
  return string.format("%s-%02d-%sT%s%s:%s", year, number, day, clock, hours, minutes)
end

function enrich.handle(request, ctx)
  request.time = iso(request.time)
  request.class = (request.status // 100) .. "xx"
  request.route = request.path:match("^[^?]*")
  request.query = request.path:match("%?(.*)$")
  request.large = request.bytes >= slow_bytes
  request.network = table_of_networks:name(request.ip)
  if request.status >= 500 then ctx:emit(request, { to = "errors" }) end
  return request
end

return enrich
