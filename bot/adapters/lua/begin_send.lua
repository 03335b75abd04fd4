-- May this part leave? KEYS: conversation, send record, in-flight mark, then where its words are looked for when they
-- come back: the conversation's, and in public its root's. ARGV: part, attempt, '1' when the sender is automated, its
-- epoch, message id, record TTL s, in-flight TTL ms, words, most fields, conversation key.
local part, attempt = ARGV[1], ARGV[2]
if redis.call('HEXISTS', KEYS[2], 'erased') == 1 then return { 'stale', '' } end -- erase.lua
local done = redis.call('HGET', KEYS[2], 'done:' .. part)
if done then return { 'done', done } end
local begun = redis.call('HGET', KEYS[2], 'attempt:' .. part)
if begun and begun ~= attempt then return { 'unknown', '' } end
if ARGV[3] == '1' and tonumber(redis.call('HGET', KEYS[1], 'taken_epoch') or '0') > tonumber(ARGV[4]) then
  return { 'stale', '' }
end
redis.call('HSET', KEYS[2], 'attempt:' .. part, attempt, 'of', ARGV[10])
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[7])
for index = 4, #KEYS do
  -- Two generations, so that a busy thread forgets what nobody will show us any more.
  if redis.call('HLEN', KEYS[index]) >= tonumber(ARGV[9]) then
    redis.call('RENAME', KEYS[index], KEYS[index] .. ':older')
  end
  redis.call('HSET', KEYS[index], 'words:' .. ARGV[5] .. '/' .. part, ARGV[8])
  redis.call('EXPIRE', KEYS[index], ARGV[6])
end
return { 'go', '' }
