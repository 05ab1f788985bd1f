-- Stands for a query. The database in the west does not know one of the requests.

local unknown = 19

return function(query, ctx)
  ctx:sleep(query.database == "west" and 0.01 or 0.04)
  if query.database == "west" and query.request == unknown then
    error({ message = "no such table", kind = "query", retry = false })
  end
  return { request = query.request, database = query.database, rows = (query.request * 7 + #query.database) % 10 }
end
