-- KEYS: the session's. ARGV: now, listed, record.
local now = ARGV[1]
local old = read(KEYS[1])
if old then
  if not is_over(old, now) then return false end
  unlist(KEYS[1], old, now)
end
local record = given(3)
record[LISTED] = ARGV[2]
put(KEYS[1], record)
list(KEYS[1], record, now)
return 'done'
