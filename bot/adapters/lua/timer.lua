-- ARGV: prefix, 'set' | 'cancel', timer id, key, due ms, body.
if ARGV[2] == 'set' then schedule(ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6]) else cancel(ARGV[1], ARGV[3]) end
redis.call('RPUSH', ARGV[1] .. 'wake', '1')
return 'ok'
