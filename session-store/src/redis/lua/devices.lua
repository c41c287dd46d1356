-- KEYS: the owner's index. ARGV: now, owner.
local now = ARGV[1]
prune(KEYS[1], now)
local found = { 'devices' }
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local record = live(sibling(KEYS[1], member), now)
  if record and record[OWNER] == ARGV[2] then
    record[DATA] = ''
    found[#found + 1] = here(record, '')
  end
end
return found
