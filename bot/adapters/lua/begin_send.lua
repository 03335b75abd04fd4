-- May this part leave? KEYS: conversation, send record, in-flight mark, words on their way.
-- ARGV: part, attempt, '1' when the sender is automated, its epoch, message id, record TTL s, in-flight TTL ms, words.
local part, attempt = ARGV[1], ARGV[2]
local done = redis.call('HGET', KEYS[2], 'done:' .. part)
if done then return { 'done', done } end
local begun = redis.call('HGET', KEYS[2], 'attempt:' .. part)
if begun and begun ~= attempt then return { 'unknown', '' } end
if ARGV[3] == '1' and tonumber(redis.call('HGET', KEYS[1], 'taken_epoch') or '0') > tonumber(ARGV[4]) then
  return { 'stale', '' }
end
redis.call('HSET', KEYS[2], 'attempt:' .. part, attempt)
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[7])
redis.call('HSET', KEYS[4], 'words:' .. ARGV[5] .. '/' .. part, ARGV[8])
redis.call('EXPIRE', KEYS[4], ARGV[6])
return { 'go', '' }
