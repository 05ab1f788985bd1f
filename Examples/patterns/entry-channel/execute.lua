-- Executes a task that the entry let in.

local verbs = { upper = string.upper, reverse = string.reverse, count = string.len }

return function(task, ctx)
  ctx:sleep(0.01)
  return { task = task.verb, result = verbs[task.verb](task.text), worker = ctx.worker }
end
