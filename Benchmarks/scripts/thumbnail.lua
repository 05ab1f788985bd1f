-- A photo to a thumbnail 320 wide.
local image = require "image"

return function(photo)
  return image.thumbnail(photo, 320):encode("jpeg", {quality = 80})
end
