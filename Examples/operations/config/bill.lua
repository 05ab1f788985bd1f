-- Writes the bill of an order.

return function(order)
  if type(order.cents) ~= "number" then return nil, "an order without cents" end
  return { order = order.id, cents = order.cents * 119 // 100 }
end
