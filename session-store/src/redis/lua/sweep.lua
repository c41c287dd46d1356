-- Removes a record that is over by the caller's clock, if not yet by Redis'.
-- KEYS: the session's. ARGV: now.
local record = read(KEYS[1])
if not record or not is_over(record, ARGV[1]) then return false end
redis.call('DEL', KEYS[1])
unlist(KEYS[1], record, ARGV[1])
return 'done'
