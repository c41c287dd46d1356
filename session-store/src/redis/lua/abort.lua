-- Clears away what a refused move had prepared.
-- KEYS: where the session would have gone. ARGV: now, revision.
local record = read(KEYS[1])
if record and record[FROM] ~= '' and record[REVISION] == ARGV[2] then redis.call('DEL', KEYS[1]) end
return 'done'
