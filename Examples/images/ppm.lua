-- Filters for PPM files without any library: the pixels are the bytes of a string.

local filters = {}

function filters.sepia(red, green, blue)
  return 0.393 * red + 0.769 * green + 0.189 * blue, 0.349 * red + 0.686 * green + 0.168 * blue,
    0.272 * red + 0.534 * green + 0.131 * blue
end

function filters.negative(red, green, blue)
  return 255 - red, 255 - green, 255 - blue
end

local function byte(number)
  return math.floor(math.min(255, math.max(0, number)) + 0.5)
end

local function read(file)
  local width, height, place = file:match("^P6%s+(%d+)%s+(%d+)%s+255%s()")
  if not width then error("no PPM file with 8 bits a colour") end
  width, height = tonumber(width), tonumber(height)
  if #file - place + 1 ~= width * height * 3 then error("its pixels are not all there") end
  return width, height, place
end

-- Each pixel by itself.
local function map(file, width, height, place, filter)
  local rows = {}
  for y = 1, height do
    local row = {}
    for x = 1, width do
      local red, green, blue = filter(file:byte(place, place + 2))
      row[x] = string.char(byte(red), byte(green), byte(blue))
      place = place + 3
    end
    rows[y] = table.concat(row)
  end
  return rows
end

-- The mean of a pixel and those beside it.
local function blur(file, width, height, place)
  local rows = {}
  for y = 1, height do
    local row = {}
    for i = 0, width * 3 - 1 do
      local sum, count = 0, 0
      for dy = math.max(1, y - 1), math.min(height, y + 1) do
        for dx = -3, 3, 3 do
          if i + dx >= 0 and i + dx < width * 3 then
            sum, count = sum + file:byte(place + (dy - 1) * width * 3 + i + dx), count + 1
          end
        end
      end
      row[i + 1] = string.char(sum // count)
    end
    rows[y] = table.concat(row)
  end
  return rows
end

local ppm = {
  options = {
    filter = { choices = { "sepia", "negative", "blur" }, required = true, help = "What is done to the pixels" },
  },
}

function ppm.handle(file, ctx)
  local width, height, place = read(file)
  local name = ctx.options.filter
  local rows = name == "blur" and blur(file, width, height, place) or map(file, width, height, place, filters[name])
  return string.format("P6\n%d %d\n255\n", width, height) .. table.concat(rows)
end

return ppm
