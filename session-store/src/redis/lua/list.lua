-- Lists a session in an owner's index until a moment, and removes expired listings.
-- KEYS: the owner's index. ARGV: the session's key, the scores of its two members.
--
-- By the servers' clocks a session is freed before its listing expires. Their clocks may differ by a minute;
-- callers' clocks do not matter. The index ends a minute after its last listing, so the rest of its life tells the
-- server's time; TIME would need a right of its own.
local MARGIN, END = 60000, 5e15
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[1], 'GT', ARGV[3], '~' .. ARGV[1])
local last = redis.call('ZREVRANGEBYSCORE', KEYS[1], '(0', '-inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last + END + MARGIN))
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return 'done' end
-- Few at a time: there may be many, and others wait.
local expired = string.format('%.0f', last - left)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', expired, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], member, string.sub(member, 2))
end
return 'done'
