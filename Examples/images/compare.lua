-- Holds each photo's fingerprint against those before, and passes on the pairs that differ in few bits.

local image = require "image"

local compare = {
  seen = {},
  options = { distance = { type = "integer", default = 6, range = { 0, 64 }, help = "The bits that may differ" } },
}

function compare.handle(photo, ctx)
  for _, other in ipairs(compare.seen) do
    local distance = image.hash_distance(photo.hash, other.hash)
    if distance <= ctx.options.distance then
      ctx:emit({ photo = photo.name, like = other.name, distance = distance })
    end
  end
  table.insert(compare.seen, photo)
end

return compare
