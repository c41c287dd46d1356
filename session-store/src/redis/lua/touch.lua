-- KEYS: the session's. ARGV: now, expected, listed, confirmed, seen, expires.
local now = ARGV[1]
local record, pending = live(KEYS[1], now, ARGV[4])
if not record then return pending or false end
if record[REVISION] ~= ARGV[2] then return false end
if ARGV[3] > record[LISTED] then record[LISTED] = ARGV[3] end
if ARGV[5] > record[SEEN] then record[SEEN] = ARGV[5] end
local is_longer = ARGV[6] > record[EXPIRES]
if is_longer then record[EXPIRES] = ARGV[6] end
if not is_listed(record) then return { 'unlisted', record[OWNER] } end
put(KEYS[1], record)
if is_longer then list(KEYS[1], record, now) end
return 'done'
