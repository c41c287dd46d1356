-- KEYS: the session's. ARGV: now, expected, seen, expires, listed.
local record = read(KEYS[1])
if not record or record.expires <= ARGV[1] then return 'gone' end
if record.revision ~= ARGV[2] then return 'changed' end
local seen, expires = later(record.seen, ARGV[3]), later(record.expires, ARGV[4])
local listed = later(record.listed, ARGV[5])
if record.owner_bytes > 0 and expires > listed then
  return { 'unlisted', owner_of(KEYS[1], record), record.created }
end
redis.call('SETRANGE', KEYS[1], 1, expires .. seen .. listed)
redis.call('PEXPIREAT', KEYS[1], ceiling(expires))
return 'done'
