-- Ends or continues a lease. ARGV: prefix, key, token, verb, entry id, argument, argument 2.
-- Returns 'lost' when the lease is not ours any more, the next entry, or 'ok'.
local p, key, token, verb, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local now = now_ms()
if not holds(p, key, token) then return 'lost' end
if verb == 'extend' then
  redis.call('ZADD', p .. 'leases', now + tonumber(ARGV[6]), key)
  return 'ok'
elseif verb == 'ack' then
  remove(p, key, id)
  return head(p, key, token, now) or 'ok'
elseif verb == 'fail' then -- ARGV[6]: delay in ms, ARGV[7]: '1' when the delivery counts
  free(p, key)
  if ARGV[7] == '0' then redis.call('HINCRBY', p .. 'tries', key, -1) end
  local delay = tonumber(ARGV[6])
  if delay > 0 then redis.call('ZADD', p .. 'delay', now + delay, 'k:' .. key) else make_ready(p, key, now) end
  return 'ok'
elseif verb == 'bury' then -- ARGV[6]: error, ARGV[7]: dead stream, ARGV[8]: mailbox name
  local found = redis.call('XRANGE', p .. 'box:' .. key, id, id)
  if #found == 1 then
    redis.call('XADD', ARGV[7], '*', 'mailbox', ARGV[8], 'key', key, 'error', ARGV[6],
      'attempts', redis.call('HGET', p .. 'tries', key) or '0', 'at', now, 'b', field(found[1][2], 'b'))
  end
  remove(p, key, id)
  return head(p, key, token, now) or 'ok'
end
return redis.error_reply('unknown verb')
