-- Stands for a call of a service that takes twenty a second.

return function(call, ctx)
  ctx:sleep(0.005)
  return { id = call.id, worker = ctx.worker, second = os.time() }
end
