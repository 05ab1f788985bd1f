-- The door: a task is a verb and a text, and whatever is not stays outside.

local verbs = { upper = true, reverse = true, count = true }

return function(line)
  local verb, text = line:match("^(%l+) (.+)$")
  if not verbs[verb] then return nil, { message = "not a task: " .. line, kind = "validation", retry = false } end
  return { verb = verb, text = text }
end
