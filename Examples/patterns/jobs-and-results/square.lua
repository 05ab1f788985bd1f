-- The square of a job's number, with who worked it out and when.

return function(job, ctx)
  ctx:sleep(0.05)
  return {
    job = job.id,
    number = job.number,
    output = job.number * job.number,
    worker = ctx.worker,
    finished = os.date("!%Y-%m-%dT%H:%M:%SZ"),
  }
end
