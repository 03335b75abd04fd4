-- ARGV: prefix, owner, term in ms. Returns the head of the longest-ready box, or the ms until something comes due.
local p, owner, term, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), now_ms()
bring_due(p, now)
while true do
  local popped = redis.call('ZPOPMIN', p .. 'ready')
  if #popped == 0 then break end
  local key = popped[1]
  local token = tostring(redis.call('INCR', p .. 'fence'))
  redis.call('HSET', p .. 'holder', key, token .. '|' .. owner)
  redis.call('ZADD', p .. 'leases', now + term, key)
  local entry = head(p, key, token, now) -- false where the box was flushed: try the next
  if entry then return entry end
end
local soonest = -1
for _, set in ipairs({ 'leases', 'delay' }) do
  local first = redis.call('ZRANGE', p .. set, 0, 0, 'WITHSCORES')
  if #first > 0 then
    local wait = math.max(0, tonumber(first[2]) - now)
    if soonest < 0 or wait < soonest then soonest = wait end
  end
end
return soonest
