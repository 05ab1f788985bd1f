-- Too slow for one worker: the queue grows until there are more.

return function(job, ctx)
  ctx:sleep(0.02)
  return { id = job.id, worker = ctx.worker }
end
