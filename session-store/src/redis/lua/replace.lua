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
local is_listed = before == after and old.created == new.created
local listed = is_listed and later(old.listed, new.listed) or new.listed
if after ~= '' and new.expires > listed then return { 'unlisted', after, new.created } end
if old.more_bytes > 0 then
  -- Fields of a later version, which this one does not know, stay.
  local first = HEAD + old.owner_bytes + old.facts_bytes
  local more = redis.call('GETRANGE', KEYS[1], first, first + old.more_bytes - 1)
  local data = HEAD + new.owner_bytes + new.facts_bytes
  record = string.sub(record, 1, HEAD - 10) .. string.format('%010d', #more)
    .. string.sub(record, HEAD + 1, data) .. more .. string.sub(record, data + 1)
end
redis.call('SET', KEYS[1], record, 'PXAT', ceiling(new.expires))
if listed ~= new.listed then redis.call('SETRANGE', KEYS[1], LISTED_AT, listed) end
return 'done'
