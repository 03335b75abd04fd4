-- One decision, whole or not at all. ARGV[1]: the document that RedisStore builds (ports.Commit).
-- Returns 'lost', 'conflict', the next entry under the lease, or 'ok'.
local c = cjson.decode(ARGV[1])
local now = now_ms()
local conv = c.prefix .. 'conv:' .. c.key

if c.ack then
  if not holds(c.ack.p, c.ack.key, c.ack.token) then return 'lost' end
  -- The lease may be ours and the letter gone: an earlier commit of the same decision whose answer got lost.
  if #redis.call('XRANGE', c.ack.p .. 'box:' .. c.ack.key, c.ack.entry, c.ack.entry) == 0 then return 'lost' end
end
if c.state then
  if (redis.call('HGET', conv, 'version') or '0') ~= c.expected then return 'conflict' end
  redis.call('HSET', conv, 'version', c.version, 'taken_epoch', c.taken_epoch, 'state', c.state)
  if c.tracker then redis.call('HSET', conv, 'tracker', c.tracker) end
  for _, owner in ipairs({ 'waiting', 'human' }) do
    local set = c.prefix .. 'owned:' .. owner
    if c.owner == owner then redis.call('ZADD', set, c.since, c.key) else redis.call('ZREM', set, c.key) end
  end
end
for _, event in ipairs(c.events) do
  redis.call('XADD', c.prefix .. 'events', '*', 'e', event)
  redis.call('RPUSH', c.prefix .. 'log:' .. c.key, event)
end
redis.call('LTRIM', c.prefix .. 'log:' .. c.key, -c.log_max, -1)
for _, letter in ipairs(c.outbox) do append(letter.p, c.key, letter.id, letter.b, now) end
for _, id in ipairs(c.cancels) do cancel(c.inbound, id) end
for _, timer in ipairs(c.timers) do schedule(c.inbound, timer.id, timer.key, timer.due, timer.b) end
if c.ack then
  remove(c.ack.p, c.ack.key, c.ack.entry)
  return head(c.ack.p, c.ack.key, c.ack.token, now) or 'ok'
end
return 'ok'
