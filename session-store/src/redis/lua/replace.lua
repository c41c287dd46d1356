-- KEYS: the session's. ARGV: now, expected, record.
local now, expected, record = ARGV[1], ARGV[2], ARGV[3]
local old, new = read(KEYS[1]), parse(record)
if not old or old.expires <= now then return 'gone' end
if old.revision ~= expected then return old.revision == new.revision and 'own' or 'changed' end
local before, after = owner_of(KEYS[1], old), string.sub(record, HEAD + 1, HEAD + new.owner_bytes)
if new.expires <= now then
  redis.call('DEL', KEYS[1])
  return { 'ended', before, old.expires, old.closed }
end
local listed = before == after and later(old.listed, new.listed) or new.listed
if after ~= '' and new.expires > listed then return { 'unlisted', after } end
redis.call('SET', KEYS[1], record, 'PXAT', ceiling(new.expires))
if listed ~= new.listed then redis.call('SETRANGE', KEYS[1], LISTED_AT, listed) end
return 'done'
