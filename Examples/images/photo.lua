-- Makes photos up, so that the other examples have some: hills under a sky, drawn pixel by pixel at a small size and
-- scaled up. Every sixth is one of those before, brighter and smaller, as people keep them twice.

local image = require "image"

local WIDTH, HEIGHT = 64, 48

local function hill(x, number, distance)
  return 0.5 + 0.1 * distance + 0.08 * math.sin(x / (5 + 2 * distance) + number * 1.7 + distance)
    + 0.03 * math.sin(x / 2.3 + number)
end

local function pixel(x, y, number)
  local height = y / HEIGHT
  for distance = 3, 1, -1 do
    if height > hill(x, number, distance) then
      local light = 40 + 30 * distance + 10 * math.sin(x * 0.9 + y * 1.3 + number)
      return light * 0.6, light, light * (0.3 + 0.1 * (number % 4))
    end
  end
  local sun = math.exp(-((x - 8 - 9 * (number % 6)) ^ 2 + (y - 10) ^ 2) / 30)
  return 120 + 120 * sun, 160 + 80 * sun, 230 - 60 * height + 20 * sun
end

local function draw(number)
  local rows = {}
  for y = 1, HEIGHT do
    local row = {}
    for x = 1, WIDTH do
      local red, green, blue = pixel(x, y, number)
      row[#row + 1], row[#row + 2], row[#row + 3] = red, green, blue
    end
    rows[y] = row
  end
  return image.from_rows(rows, 3)
end

local function ppm(drawn)
  return string.format("P6\n%d %d\n255\n", drawn.width, drawn.height) .. drawn:bytes():bytes()
end

return function(job, ctx)
  local number = math.tointeger(tonumber(job.number))
  local copy = number % 6 == 5
  local drawn = draw(copy and number - 3 or number)
  local photo = drawn:resize(copy and 15 or 20)
  if copy then photo = photo:brightness(1.1) end
  local name = string.format("photo-%02d", number)
  if number < 4 then
    ctx:emit(ppm(drawn), { to = "ppm", metadata = { name = name .. ".ppm" } })
  end
  ctx:emit(photo:encode("jpeg", { quality = 90 }), { metadata = { name = name .. ".jpg" } })
end
