-- Lists a session in an owner's index until a moment, and removes expired listings.
-- KEYS: the owner's index. ARGV: the session's key, the moment.
--
-- By the servers' clocks a session is freed before its listing expires. Their clocks may differ by a minute;
-- callers' clocks do not matter.
local MARGIN = 60000
local expired = redis.call('TIME')[1] * 1000 - MARGIN
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', expired))
redis.call('ZADD', KEYS[1], 'GT', ceiling(ARGV[2]), ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2] + MARGIN))
return 'done'
