-- The slow end of the queue: half a millisecond for each message, and when the message was taken in.

return function(message, ctx)
  ctx:sleep(0.0005)
  local index, word = message:match("^message (%d+): (%w+)$")
  return { index = tonumber(index), word = word:upper(), taken_in = ctx.job.received_at }
end
