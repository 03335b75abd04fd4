-- Put a copied stream in the place of the original. A deleted entry's bytes stay in the original's blocks, and a copy of
-- what is left does not have them. KEYS: original, copy. ARGV: id of the last entry that was looked at ("0-0" for none).
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[2])
  return 'gone'
end
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
  redis.call('XADD', KEYS[2], entry[1], unpack(entry[2]))
end
local info, last = redis.call('XINFO', 'STREAM', KEYS[1]), '0-0'
for at = 1, #info, 2 do if info[at] == 'last-generated-id' then last = info[at + 1] end end
if redis.call('EXISTS', KEYS[2]) == 0 and last ~= '0-0' then
  redis.call('XADD', KEYS[2], last, 'e', '')
  redis.call('XDEL', KEYS[2], last)
end
if last ~= '0-0' then redis.call('XSETID', KEYS[2], last) end
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('PERSIST', KEYS[1]) -- a copy that nobody finishes fades
return 'ok'
