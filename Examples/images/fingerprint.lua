-- A fingerprint that photos which look alike have nearly in common.

local image = require "image"

return function(photo, ctx)
  return { name = ctx.job.metadata.name, hash = image.load(photo):hash() }
end
