-- Forget a conversation at once: whoever works on it has lost their lease and finds nothing to commit to, so what comes
-- next begins from nothing. ARGV: prefix, key, seconds that a courier may still hold one of its messages, then "p" and a
-- mailbox's prefix, or "t", a mailbox's prefix and a timer's id, as often as needed.
-- Returns the position of the last event so far, the conversation's log, the letters that waited.
local prefix, key = ARGV[1], ARGV[2]
local letters = {}
local i = 4
while i <= #ARGV do
  local p = ARGV[i + 1]
  if ARGV[i] == 't' then
    cancel(p, ARGV[i + 2])
    i = i + 3
  else
    for _, entry in ipairs(redis.call('XRANGE', p .. 'box:' .. key, '-', '+')) do
      local body = field(entry[2], 'b')
      letters[#letters + 1] = body
      redis.call('DECR', p .. 'count')
      -- A courier may have it in hand: begin_send.lua lets nothing leave that carries this mark.
      local readable, message = pcall(cjson.decode, body)
      if readable and type(message) == 'table' and type(message.message_id) == 'string' then
        redis.call('HSET', prefix .. 'send:' .. message.message_id, 'erased', '1')
        redis.call('EXPIRE', prefix .. 'send:' .. message.message_id, ARGV[3])
      end
    end
    redis.call('DEL', p .. 'box:' .. key)
    for _, set in ipairs({ 'ready', 'leases' }) do redis.call('ZREM', p .. set, key) end
    redis.call('ZREM', p .. 'delay', 'k:' .. key)
    for _, hash in ipairs({ 'holder', 'tries' }) do redis.call('HDEL', p .. hash, key) end
    i = i + 2
  end
end
local log = redis.call('LRANGE', prefix .. 'log:' .. key, 0, -1)
for _, name in ipairs({ 'conv:', 'log:', 'words:' }) do redis.call('DEL', prefix .. name .. key) end
redis.call('DEL', prefix .. 'words:' .. key .. ':older')
for _, owner in ipairs({ 'waiting', 'human' }) do redis.call('ZREM', prefix .. 'owned:' .. owner, key) end
local position = '0-0'
if redis.call('EXISTS', prefix .. 'events') == 1 then
  local info = redis.call('XINFO', 'STREAM', prefix .. 'events')
  for at = 1, #info, 2 do if info[at] == 'last-generated-id' then position = info[at + 1] end end
end
return { position, log, letters }
