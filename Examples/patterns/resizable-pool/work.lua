-- Keeps its worker busy for a fifth of a second.

return function(task, ctx)
  ctx:sleep(0.2)
  return { task = task, worker = ctx.worker }
end
