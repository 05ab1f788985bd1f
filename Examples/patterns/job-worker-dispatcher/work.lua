-- A job says for how many seconds it keeps its worker.

return function(line, ctx)
  local seconds = tonumber(line)
  if not seconds then return nil, "not a number of seconds: " .. line end
  ctx:sleep(seconds)
  return { seconds = seconds, worker = ctx.worker }
end
