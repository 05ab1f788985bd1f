-- Writes the receipt of a priced order.

return function(order)
  local pieces = order.pieces == 1 and "1 piece" or order.pieces .. " pieces"
  return {
    id = order.id,
    customer = order.customer,
    text = ("%s: %s for %s, %.2f EUR"):format(order.id, pieces, order.customer, order.total / 100),
  }
end
