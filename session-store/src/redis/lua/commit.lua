-- The step at which a session moves: its old record makes place for the note that it went.
-- KEYS: the session's, its pointer and the note. ARGV: now, expected, to, remembered, expires, confirmed.
local now, remembered = ARGV[1], ARGV[4]
local old, pending = live(KEYS[1], now, ARGV[6])
if not old then return pending or false end
if old[REVISION] ~= ARGV[2] then return false end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[3], ARGV[3], 'PXAT', ceiling(ARGV[5]))
if remembered > now then redis.call('SET', KEYS[2], ARGV[3], 'PXAT', ceiling(remembered)) end
return { 'ended', old[OWNER] }
