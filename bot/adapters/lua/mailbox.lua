-- The mailboxes' alphabet, put in front of every script that touches one.
--
-- Under a prefix p: box:<key> (stream: the letters), ready / leases / delay (sorted sets of keys, by time in ms;
-- a key with letters is in exactly one of them), holder (hash key -> "token|owner"), tries (hash key -> deliveries
-- of its head), timer:<id> (hash), seen:<hash of an id> (dedupe marks; hashed, so that a customer's erased messages
-- leave no id behind and are still known when they come again), count, fence (last token), wake (list: a bell only).
-- In delay a member is "k:<key>", a mailbox that waits, or "t:<timer id>".

local SEEN_S = 604800 -- seven days: the longest that a platform we know repeats a webhook (WhatsApp)
local WAKE_MAX = 64

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function make_ready(p, key, now)
  redis.call('ZADD', p .. 'ready', 'NX', now, key)
  redis.call('RPUSH', p .. 'wake', '1')
  redis.call('LTRIM', p .. 'wake', -WAKE_MAX, -1)
end

local function append(p, key, dedupe, body, now)
  if dedupe ~= '' and not redis.call('SET', p .. 'seen:' .. redis.sha1hex(dedupe), '1', 'NX', 'EX', SEEN_S) then return 0 end
  redis.call('XADD', p .. 'box:' .. key, '*', 'b', body, 'at', now)
  redis.call('INCR', p .. 'count')
  if not redis.call('ZSCORE', p .. 'leases', key) and not redis.call('ZSCORE', p .. 'delay', 'k:' .. key) then
    make_ready(p, key, now)
  end
  return 1
end

local function holds(p, key, token)
  local holder = redis.call('HGET', p .. 'holder', key)
  return holder and string.sub(holder, 1, #token + 1) == token .. '|'
end

local function free(p, key)
  redis.call('ZREM', p .. 'leases', key)
  redis.call('HDEL', p .. 'holder', key)
end

local function field(entry, name)
  for i = 1, #entry, 2 do if entry[i] == name then return entry[i + 1] end end
  return ''
end

-- The head under this lease, counted as delivered; false when the box is empty, which ends the lease.
local function head(p, key, token, now)
  local entries = redis.call('XRANGE', p .. 'box:' .. key, '-', '+', 'COUNT', 1)
  if #entries == 0 then
    free(p, key)
    redis.call('HDEL', p .. 'tries', key)
    redis.call('DEL', p .. 'box:' .. key) -- an emptied stream would stay behind as a key
    return false
  end
  local id, fields = entries[1][1], entries[1][2]
  local tries = redis.call('HINCRBY', p .. 'tries', key, 1)
  return { key, token, id, field(fields, 'b'), tries, now - tonumber(field(fields, 'at')) }
end

local function remove(p, key, id)
  if redis.call('XDEL', p .. 'box:' .. key, id) == 1 then redis.call('DECR', p .. 'count') end
  redis.call('HDEL', p .. 'tries', key)
end

local function schedule(p, id, key, due, body)
  redis.call('HSET', p .. 'timer:' .. id, 'key', key, 'b', body)
  redis.call('ZADD', p .. 'delay', due, 't:' .. id)
end

local function cancel(p, id)
  redis.call('DEL', p .. 'timer:' .. id)
  redis.call('ZREM', p .. 'delay', 't:' .. id)
end

-- Whatever has come due: leases of the dead, mailboxes that waited, timers.
local function bring_due(p, now)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', p .. 'leases', '-inf', now, 'LIMIT', 0, 100)) do
    free(p, key)
    make_ready(p, key, now)
  end
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', p .. 'delay', '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('ZREM', p .. 'delay', member)
    local name = string.sub(member, 3)
    if string.sub(member, 1, 2) == 'k:' then
      make_ready(p, name, now)
    else
      local timer = redis.call('HMGET', p .. 'timer:' .. name, 'key', 'b')
      redis.call('DEL', p .. 'timer:' .. name)
      if timer[1] then append(p, timer[1], '', timer[2], now) end
    end
  end
end
