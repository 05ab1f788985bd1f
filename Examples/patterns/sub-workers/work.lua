-- Most jobs are quick; one that takes a minute is cut short by the quit. Each worker says when it leaves.

local work = {}

function work.handle(job, ctx)
  local seconds = tonumber(job.seconds)
  if seconds > 1 then ctx.log.info("a long job", { id = job.id, worker = ctx.worker }) end
  ctx:sleep(seconds)
  return { id = job.id, worker = ctx.worker }
end

function work.close(ctx)
  ctx.log.info("worker " .. ctx.worker .. " leaves")
end

return work
