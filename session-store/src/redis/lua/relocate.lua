-- KEYS: the session's, its pointer, and where it goes. ARGV: now, expected, remembered, record.
local now, remembered = ARGV[1], ARGV[3]
local old = live(KEYS[1], now)
if not old or old[REVISION] ~= ARGV[2] then return false end
local taken = read(KEYS[3])
if taken then
  if not is_over(taken, now) then return false end
  unlist(KEYS[3], taken, now)
end
redis.call('DEL', KEYS[1])
unlist(KEYS[1], old, now)
local record = given(4)
if remembered > now then
  record[PREVIOUS], record[REMEMBERED] = digest(KEYS[1]), remembered
  redis.call('SET', KEYS[2], digest(KEYS[3]), 'PXAT', ceiling(remembered))
end
put(KEYS[3], record)
list(KEYS[3], record, now)
return 'done'
