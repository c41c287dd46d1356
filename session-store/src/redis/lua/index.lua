-- An owner's index: a sorted set of digests by the millisecond at which they may be forgotten, itself
-- forgotten with the last.

local function prune(index, now)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', string.format('%.0f', (millis(now))))
end

local function keep(index)
  local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', index, last[2]) end
end
