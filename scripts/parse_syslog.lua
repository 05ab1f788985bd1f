-- Takes syslog lines apart: RFC 5424 ("<34>1 2003-10-11T22:14:15.003Z host app …") and the older RFC 3164
-- ("<34>Oct 11 22:14:15 host app[42]: …"), the latter also without its priority, as in files under /var/log.

local parse = {
  description = "Parses syslog lines of RFC 5424 and RFC 3164",
  version = "1.0.0",
}

local SEVERITIES = { [0] = "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug" }

local function known(text)
  if text ~= "-" and text ~= "" then return text end
end

-- [id name="value" …][id …] from `position`; the table of elements and the position behind them.
local function structured_data(line, position)
  if line:sub(position, position) == "-" then return nil, position + 1 end
  local elements = {}
  while line:sub(position, position) == "[" do
    local id, after = line:match("^%[([^%s%]=\"]+)()", position)
    if not id then return nil, nil end
    local parameters = {}
    while true do
      local name, from = line:match('^ ([^%s=%]"]+)="()', after)
      if not name then break end
      local value = {}
      while true do
        local text, mark, next_position = line:match('^([^"\\]*)(["\\])()', from)
        if not text then return nil, nil end
        value[#value + 1] = text
        from = next_position
        if mark == '"' then break end
        local escaped = line:sub(from, from)
        -- Only these three are escapes; before anything else a backslash is itself.
        value[#value + 1] = escaped:find('["\\%]]') and escaped or "\\" .. escaped
        from = from + 1
      end
      parameters[name] = table.concat(value)
      after = from
    end
    if line:sub(after, after) ~= "]" then return nil, nil end
    elements[id] = parameters
    position = after + 1
  end
  return elements, position
end

local function rfc5424(line, start, record)
  local time, host, app, process, message_id, position = line:match("^1 (%S+) (%S+) (%S+) (%S+) (%S+) ()", start)
  if not time then return nil, "not a line of RFC 5424" end
  local elements, after = structured_data(line, position)
  if not after then return nil, "the structured data is broken" end
  record.time, record.host, record.app = known(time), known(host), known(app)
  record.process, record.message_id, record.data = known(process), known(message_id), elements
  record.message = known((line:sub(after + 1):gsub("^\xEF\xBB\xBF", "")))
  return record
end

local function rfc3164(line, start, record)
  local time, host, tag, message = line:match("^(%a%a%a [ %d]%d %d%d:%d%d:%d%d) (%S+) ([^:%s]+):? ?(.*)$", start)
  if not time then return nil, "neither RFC 5424 nor RFC 3164" end
  local app, process = tag:match("^(.-)%[(%d+)%]$")
  record.time, record.host, record.app, record.process, record.message = time, host, app or tag, process, message
  return record
end

function parse.handle(line)
  local priority, start = line:match("^<(%d+)>()")
  local record = {}
  if priority then
    priority = tonumber(priority)
    if priority > 191 then return nil, "the priority " .. priority .. " is more than 191" end
    record.facility, record.severity = priority // 8, SEVERITIES[priority % 8]
  end
  start = start or 1
  if line:find("^1 ", start) then return rfc5424(line, start, record) end
  return rfc3164(line, start, record)
end

return parse
