-- A photo in several widths. One of them goes to the contact sheet as well: as an image, which is not encoded for that.

local image = require "image"

local sizes = {
  options = {
    sizes = { type = "table", required = true, help = "The name of each size, and its width" },
    sheet = { type = "string", help = "The size that goes to the contact sheet" },
  },
}

function sizes.handle(photo, ctx)
  local stem = ctx.job.metadata.name:match("^(.*)%.%w+$")
  local original = image.load(photo)
  for name, width in pairs(ctx.options.sizes) do
    local scaled = original:thumbnail(width, { size = "down" })
    ctx:emit(scaled:encode("jpeg", { quality = 80 }), { metadata = { name = name .. "/" .. stem .. ".jpg" } })
    if name == ctx.options.sheet then
      ctx:emit(scaled, { to = "sheet" })
    end
  end
end

return sizes
