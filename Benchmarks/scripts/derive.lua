-- Second of three stages: health checks are dropped, the status class is added.
return function(record)
  if record.path == "/healthz" then return end
  record.class = record.status // 100 .. "xx"
  return record
end
