-- Lists a session as an owner's until a moment, and forgets listings that have run out.
-- KEYS: the owner's index. ARGV: the session's key, until.
--
-- By the servers' own clocks a session is freed before its listing runs out. They may differ by a minute;
-- callers' clocks have no say.
local MARGIN = 60000
local ran_out = redis.call('TIME')[1] * 1000 - MARGIN
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', ran_out))
redis.call('ZADD', KEYS[1], 'GT', ceiling(ARGV[2]), ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2] + MARGIN))
return 'done'
