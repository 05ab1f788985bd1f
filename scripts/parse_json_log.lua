-- Brings JSON log lines of several loggers into one form: time, level, message, and the rest under fields.

local json = require "json"

local parse = {
  description = "Normalises JSON log lines to time, level, message and fields",
  version = "1.0.0",
  options = {
    minimum_level = { type = "string", default = "trace", help = "Lines below this level are dropped" },
  },
}

local LEVELS = { trace = 1, debug = 2, info = 3, notice = 4, warning = 5, error = 6, critical = 7 }
local ALIASES = { warn = "warning", err = "error", fatal = "critical", panic = "critical", information = "info" }
-- The numbers that bunyan and pino write.
local NUMBERS = { [10] = "trace", [20] = "debug", [30] = "info", [40] = "warning", [50] = "error", [60] = "critical" }
local TIMES = { "time", "timestamp", "ts", "@timestamp" }
local MESSAGES = { "message", "msg", "event" }
local LEVEL_NAMES = { "level", "severity", "lvl" }

local minimum

function parse.init(ctx)
  local name = ctx.options.minimum_level
  minimum = LEVELS[name] or error("minimum_level: there is no level " .. name, 0)
end

local function take(record, names)
  for _, name in ipairs(names) do
    local value = record[name]
    if value ~= nil and value ~= json.null then
      record[name] = nil
      return value
    end
  end
end

local function level_of(value)
  if math.type(value) then return NUMBERS[value] or "info" end
  local name = tostring(value or "info"):lower()
  return ALIASES[name] or name
end

function parse.handle(line)
  local record = type(line) == "table" and line or json.decode(line)
  if type(record) ~= "table" then return nil, "a JSON log line is an object" end
  local level = level_of(take(record, LEVEL_NAMES))
  if (LEVELS[level] or LEVELS.info) < minimum then return end
  return {
    time = take(record, TIMES),
    level = level,
    message = take(record, MESSAGES),
    fields = next(record) ~= nil and record or nil,
  }
end

return parse
