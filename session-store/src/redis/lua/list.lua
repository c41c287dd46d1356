-- Lists a session in an owner's index until a moment, and removes expired listings.
-- KEYS: the owner's index. ARGV: the session's key, the moment.
--
-- By the servers' clocks a session is freed before its listing expires. Their clocks may differ by a minute;
-- callers' clocks do not matter. The index ends a minute after its last listing, so the rest of its life tells the
-- server's time; TIME would need a right of its own.
local MARGIN = 60000
redis.call('ZADD', KEYS[1], 'GT', ceiling(ARGV[2]), ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last + MARGIN))
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', last - left)) end
return 'done'
