-- Returns members of an owner's index with their scores, from the newest session on.
-- KEYS: the owner's index. ARGV: their number, a member, its score.
--
-- Without a member it begins at the top; with a member alone, with that one, if it is listed; with both, after it,
-- whether it is still listed or not. (If it is not, those with the same score may come again.)
local count, member, score = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local first = 0
if member then
  first = redis.call('ZREVRANK', KEYS[1], member)
  if score then
    first = first and first + 1 or redis.call('ZCOUNT', KEYS[1], '(' .. score, '+inf')
  elseif not first then
    return {}
  end
end
return redis.call('ZREVRANGE', KEYS[1], first, first + count - 1, 'WITHSCORES')
