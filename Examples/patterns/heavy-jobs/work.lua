-- Something heavy: a checksum over the text, many times, and a wait as for a disk.

local function checksum(text, rounds)
  local a, b = 1, 0 -- Adler-32
  for _ = 1, rounds do
    for i = 1, #text do
      a = (a + text:byte(i)) % 65521
      b = (b + a) % 65521
    end
  end
  return ("%08x"):format(b << 16 | a)
end

return function(job, ctx)
  ctx:sleep(0.004)
  return { id = job.id, checksum = checksum(job.text, 20), worker = ctx.worker }
end
