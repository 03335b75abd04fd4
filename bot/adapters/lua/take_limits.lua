-- Count one call against every limit, or against none. KEYS: for each limit its log of calls, then its stop sign.
-- ARGV: a name for this call, then for each limit: most calls, window in ms. Returns ms to wait, 0 when counted.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local wait = 0
for index = 1, #KEYS, 2 do
  local count, window = tonumber(ARGV[index + 1]), tonumber(ARGV[index + 2])
  local stopped = redis.call('PTTL', KEYS[index + 1])
  if stopped > wait then wait = stopped end
  redis.call('ZREMRANGEBYSCORE', KEYS[index], '-inf', now - window)
  if redis.call('ZCARD', KEYS[index]) >= count then
    local oldest = redis.call('ZRANGE', KEYS[index], 0, 0, 'WITHSCORES')
    local free = tonumber(oldest[2]) + window - now
    if free > wait then wait = free end
    if wait < 1 then wait = 1 end
  end
end
if wait > 0 then return wait end
for index = 1, #KEYS, 2 do
  redis.call('ZADD', KEYS[index], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[index], ARGV[index + 2])
end
return 0
