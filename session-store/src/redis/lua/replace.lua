-- KEYS: the session's. ARGV: now, expected, listed, confirmed, record.
local now = ARGV[1]
local old, pending = live(KEYS[1], now, ARGV[4])
if not old then return pending or false end
if old[REVISION] ~= ARGV[2] then return false end
local record = given(5)
record[PREVIOUS], record[REMEMBERED], record[LISTED] = old[PREVIOUS], old[REMEMBERED], ARGV[3]
if old[OWNER] == record[OWNER] and old[LISTED] > record[LISTED] then record[LISTED] = old[LISTED] end
if not is_listed(record) then return { 'unlisted', record[OWNER] } end
if old[OWNER] ~= record[OWNER] then unlist(KEYS[1], old, now) end
put(KEYS[1], record)
list(KEYS[1], record, now)
return 'done'
