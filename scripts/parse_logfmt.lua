-- Takes logfmt lines apart: key=value, key="quoted \"value\"", and a bare key, which stands for true.

local parse = {
  description = "Parses logfmt lines",
  version = "1.0.0",
  options = {
    numbers = { type = "boolean", default = true, help = "Whether unquoted numbers become numbers" },
  },
}

local ESCAPES = { n = "\n", r = "\r", t = "\t" }
local numbers

function parse.init(ctx)
  numbers = ctx.options.numbers
end

local function unquote(line, position)
  local parts = {}
  while true do
    local text, mark, after = line:match('^([^"\\]*)(["\\])()', position)
    if not text then return nil end
    parts[#parts + 1] = text
    if mark == '"' then return table.concat(parts), after end
    local escaped = line:sub(after, after)
    parts[#parts + 1] = ESCAPES[escaped] or escaped
    position = after + 1
  end
end

local function plain(text)
  -- Not everything that Lua calls a number is one to a log: 0x10 or 1e5 stay as they are.
  if numbers and text:find("^%-?%d+%.?%d*$") then return math.tointeger(text) or tonumber(text) end
  return text
end

function parse.handle(line)
  local record, position = {}, line:match("^%s*()")
  while position <= #line do
    local key, after = line:match('^([^%s="]+)()', position)
    if not key then return nil, "a key is expected at character " .. position end
    if line:sub(after, after) ~= "=" then
      record[key], position = true, after
    elseif line:sub(after + 1, after + 1) == '"' then
      local value, behind = unquote(line, after + 2)
      if not value then return nil, "a quote is not closed after character " .. after + 1 end
      record[key], position = value, behind
    else
      local value, behind = line:match("^([^%s]*)()", after + 1)
      record[key], position = plain(value), behind
    end
    position = line:match("^%s*()", position)
  end
  if next(record) == nil then return end
  return record
end

return parse
