-- A fingerprint that photos which look alike have nearly in common.

local image = require "image"

return function(photo, ctx)
  return { name = ctx.job.metadata.name, hash = image.load(photo):thumbnail(64):perceptual_hash() }
end
