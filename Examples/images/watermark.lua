-- Puts a mark on each photo. It is made once in each worker: a ring, drawn pixel by pixel, with transparency.

local image = require "image"

local SIZE = 64

local watermark = {
  options = {
    gravity = { type = "string", default = "south-east", help = "Where the mark goes" },
    opacity = { type = "number", default = 0.6, range = { 0, 1 }, help = "How much of it shows" },
  },
}

local function ring()
  local rows = {}
  for y = 1, SIZE do
    local row = {}
    for x = 1, SIZE do
      local distance = math.sqrt((x - SIZE / 2) ^ 2 + (y - SIZE / 2) ^ 2)
      local opacity = 255 * math.max(0, 1 - math.abs(distance - SIZE / 3) / 4)
      row[#row + 1], row[#row + 2], row[#row + 3], row[#row + 4] = 255, 255, 255, opacity
    end
    rows[y] = row
  end
  return image.from_rows(rows, 4)
end

function watermark.init()
  watermark.mark = ring()
end

function watermark.handle(photo, ctx)
  local marked = image.load(photo):composite(watermark.mark, {
    gravity = ctx.options.gravity, opacity = ctx.options.opacity,
  })
  return marked:encode("jpeg", { quality = 85 })
end

return watermark
