-- What the handler alone costs: every line of a file through one script, no host, no JSON, no output.
-- usage: lua5.4 lines.lua SCRIPT INPUT
local handler = assert(dofile(arg[1]))
local kept = 0
for line in assert(io.open(arg[2], "rb")):lines() do
  if handler(line) then kept = kept + 1 end
end
print(kept)
