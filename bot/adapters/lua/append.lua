-- ARGV: prefix, then (key, dedupe id, body) for each letter. Returns how many were new.
local p, now, new = ARGV[1], now_ms(), 0
for i = 2, #ARGV, 3 do new = new + append(p, ARGV[i], ARGV[i + 1], ARGV[i + 2], now) end
return new
