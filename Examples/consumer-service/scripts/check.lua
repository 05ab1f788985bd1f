-- Lets orders pass that can be priced, in one spelling. What it returns nil and a reason for goes to the dead letters.

local check = {
  description = "Checks an order and brings its products into one spelling.",
}

function check.handle(order)
  if type(order) ~= "table" or not order.id then return nil, "not an order" end
  if order.test then return end -- somebody tries the shop out: nothing comes of it
  if #(order.items or {}) == 0 then return nil, order.id .. " has no items" end
  for _, item in ipairs(order.items) do
    item.product = item.product:lower()
    item.count = item.count or 1
  end
  return order
end

return check
