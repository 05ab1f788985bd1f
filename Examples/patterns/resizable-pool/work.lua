-- Keeps its worker busy for a second.

return function(task, ctx)
  ctx:sleep(1)
  return { task = task, worker = ctx.worker }
end
