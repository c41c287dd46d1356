-- The first step of a move: the record at its new place, not live by itself.
-- KEYS: where the session goes. ARGV: now, from, remembered, listed, record.
local now = ARGV[1]
local taken = read(KEYS[1])
if taken and not is_over(taken, now) then return false end
local record = given(5)
record[FROM], record[LISTED] = ARGV[2], ARGV[4]
if ARGV[3] > now then record[PREVIOUS], record[REMEMBERED] = ARGV[2], ARGV[3] end
put(KEYS[1], record)
return 'done'
