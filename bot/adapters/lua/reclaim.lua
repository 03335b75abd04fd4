-- ARGV: prefix, owner. Frees what this owner's earlier life still holds; returns how many boxes.
local p, suffix, now, freed = ARGV[1], '|' .. ARGV[2], now_ms(), 0
local holders = redis.call('HGETALL', p .. 'holder')
for i = 1, #holders, 2 do
  if string.sub(holders[i + 1], -#suffix) == suffix then
    free(p, holders[i])
    make_ready(p, holders[i], now)
    freed = freed + 1
  end
end
return freed
