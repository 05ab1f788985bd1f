-- Stands for a call of a service that would not survive ten thousand of them at once.

return function(task, ctx)
  ctx:sleep(0.002)
  local network = task.client:match("^%d+%.%d+")
  return { id = task.id, network = network, worker = ctx.worker, taken_in = ctx.job.received_at }
end
