-- Finds the network that an IPv4 address belongs to: the longest prefix of a table wins.

local networks = {}
networks.__index = networks

local function number(address)
  local a, b, c, d = address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  if a then return (tonumber(a) << 24) | (tonumber(b) << 16) | (tonumber(c) << 8) | tonumber(d) end
end

-- Rows have the fields network ("10.0.0.0/8") and name.
function networks.new(rows)
  local by_length = {}
  for _, row in ipairs(rows) do
    local address, length = row.network:match("^([%d%.]+)/(%d+)$")
    local base = address and number(address)
    if not base then error("not a network: " .. tostring(row.network), 0) end
    length = tonumber(length)
    by_length[length] = by_length[length] or {}
    by_length[length][base >> (32 - length)] = row.name
  end
  local lengths = {}
  for length in pairs(by_length) do lengths[#lengths + 1] = length end
  table.sort(lengths, function(a, b) return a > b end)
  return setmetatable({ by_length = by_length, lengths = lengths }, networks)
end

-- The name of the network, or nil.
function networks:name(address)
  local value = number(address)
  if not value then return end
  for _, length in ipairs(self.lengths) do
    local name = self.by_length[length][value >> (32 - length)]
    if name then return name end
  end
end

return networks
