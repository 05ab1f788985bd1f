-- Thumbnails on one sheet.

local image = require "image"

local sheet = {
  number = 0,
  options = { columns = { type = "integer", default = 4, range = { 1, 100 }, help = "How many are side by side" } },
}

function sheet.handle_batch(thumbnails, ctx)
  sheet.number = sheet.number + 1
  local joined = image.join(thumbnails, { columns = ctx.options.columns, spacing = 8, background = "white" })
  local name = string.format("sheet-%02d.jpg", sheet.number)
  ctx:emit(joined:encode("jpeg", { quality = 85 }), { of = 1, metadata = { name = name } })
end

return sheet
