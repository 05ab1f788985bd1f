-- One request becomes a query of each database; the database is the key of its query.

local databases = { "north", "south", "west" }

return function(request, ctx)
  for _, database in ipairs(databases) do
    ctx:emit({ request = request.id, database = database }, { key = database })
  end
end
