-- The four steps of a thumbnail with a watermark; options.steps says which of them a stage takes.
local image = require "image"
local photo = {}

local steps = {}

function steps.probe(job)
  local about = image.probe(job)
  return {photo = job, wide = about.width > about.height}
end

function steps.thumbnail(job)
  return {image = image.thumbnail(job.photo, 320), wide = job.wide}
end

function steps.watermark(job)
  return job.image:composite(photo.mark, {gravity = "south-east", opacity = 0.5})
end

function steps.encode(job)
  return job:encode("jpeg", {quality = 80})
end

function photo.init(ctx)
  photo.steps = {}
  for i, name in ipairs(ctx.options.steps) do photo.steps[i] = steps[name] end
  photo.mark = image.new(48, 16, {255, 255, 255})
end

function photo.handle(job)
  for _, step in ipairs(photo.steps) do job = step(job) end
  return job
end

return photo
