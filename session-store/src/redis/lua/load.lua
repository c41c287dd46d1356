-- KEYS: the session's and its pointer. ARGV: now, led by, confirmed.
local now, led_by = ARGV[1], ARGV[2]
local record, pending = live(KEYS[1], now, ARGV[3])
if record and (led_by == '' or leads(record, led_by, now)) then return here(record, '') end
if pending or led_by ~= '' then return pending or false end
local to = redis.call('GET', KEYS[2])
local other = to and elsewhere(KEYS[1], to)
if not other then return to and { 'moved', to } end
record = live(other, now)
return record and leads(record, digest(KEYS[1]), now) and here(record, to)
