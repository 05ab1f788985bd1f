-- Reads small CSV tables (a header line, no line breaks in fields) into a list of rows by column name.

local csv = {}

local function fields(line)
  local found, position = {}, 1
  while position <= #line + 1 do
    local field, after
    if line:sub(position, position) == '"' then
      local from, text = position + 1, ""
      while true do
        local close = line:find('"', from, true) or error("a quote is not closed: " .. line, 0)
        text = text .. line:sub(from, close - 1)
        if line:sub(close + 1, close + 1) ~= '"' then
          field, after = text, close + 1
          break
        end
        text, from = text .. '"', close + 2
      end
    else
      field, after = line:match("^([^,]*)()", position)
    end
    found[#found + 1] = field
    position = after + 1
  end
  return found
end

function csv.rows(text)
  local header, rows = nil, {}
  for line in text:gmatch("[^\r\n]+") do
    local found = fields(line)
    if not header then
      header = found
    else
      local row = {}
      for column, name in ipairs(header) do row[name] = found[column] end
      rows[#rows + 1] = row
    end
  end
  return rows
end

return csv
