-- Answers a request, a path on a line: /hash/WORD is quick, /report/SECONDS takes its time.

local routes = {}

function routes.hash(word)
  local hash = 0xcbf29ce484222325 -- FNV-1a
  for i = 1, #word do hash = (hash ~ word:byte(i)) * 0x100000001b3 end
  return ("%016x"):format(hash)
end

function routes.report(seconds, ctx)
  ctx:sleep(tonumber(seconds))
  return "a report of " .. seconds .. " s"
end

return function(path, ctx)
  local name, argument = path:match("^/(%w+)/(.+)$")
  local route = routes[name]
  if not route then return nil, { message = "no such path: " .. path, kind = "not_found", retry = false } end
  return { path = path, answer = route(argument, ctx), worker = ctx.worker }
end
