-- Ends a session.
-- KEYS: the session's and its pointer. ARGV: now, led by, confirmed, owner, which, handle.
local now, led_by = ARGV[1], ARGV[2]
local function finish(key, previous)
  local record, pending = live(key, now, ARGV[3])
  if not record then return pending end
  if previous ~= '' and not leads(record, previous, now) then return 'kept' end
  if not is_chosen(record, ARGV[4], ARGV[5], ARGV[6]) then return 'kept' end
  redis.call('DEL', key)
  unlist(key, record, now)
  return { 'ended', record[OWNER] }
end
local done = finish(KEYS[1], led_by)
if not done and ARGV[5] == 'any' then
  -- What is over has no more to wait for either.
  local over = read(KEYS[1])
  if over and over[FROM] == '' then
    redis.call('DEL', KEYS[1])
    unlist(KEYS[1], over, now)
  end
end
if done or led_by ~= '' or ARGV[5] ~= 'any' then return done or false end
local to = redis.call('GET', KEYS[2])
local other = to and elsewhere(KEYS[1], to)
if other then return finish(other, digest(KEYS[1])) or false end
return to and { 'moved', to }
