-- Removes a record if the condition holds, whether it is over or not.
-- KEYS: the session's. ARGV: the condition, and the digest, moment or owner that it names.
local condition, named = ARGV[1], ARGV[2]
local record = read(KEYS[1])
local owner = record and owner_of(KEYS[1], record)
local holds = condition == 'always'
  or record and (
    condition == 'opened'
      and (record.present == named or record.remembered == named or record.earlier == named)
    or condition == 'over' and record.expires <= named
    or condition == 'owned' and owner == named)
if not holds then return 'gone' end
redis.call('DEL', KEYS[1])
return record and { 'ended', owner, record.expires, record.closed } or 'gone'
