-- KEYS: the owner's index. ARGV: now, owner, which, handle.
local now = ARGV[1]
prune(KEYS[1], now)
local ended = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = sibling(KEYS[1], member)
  local record = live(key, now)
  if record and is_chosen(record, ARGV[2], ARGV[3], ARGV[4]) then
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], member)
    ended = ended + 1
  end
end
keep(KEYS[1])
return ended
