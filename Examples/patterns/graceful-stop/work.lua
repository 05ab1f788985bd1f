-- Squares a number, slowly enough that a stop always finds some at work and some in the queue.

return function(line, ctx)
  local number = tonumber(line)
  ctx:sleep(0.01)
  return { number = number, square = number * number }
end
