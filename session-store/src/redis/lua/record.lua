-- The part that every script on a record begins with: it reads a record, which row.rs writes.
--
-- A record is one string. Its head has a fixed length, so that a script can read and change parts of it
-- without the data. Moments are microseconds since 1970 plus 10^18, as 19 digits: Lua's numbers are too
-- small for the year 9999, and strings of digits compare like numbers in every locale.

local HEAD, LISTED_AT = 175, 39

-- Returns the fields that scripts need; `nil` if the record does not exist or can't be read.
local function parse(head)
  local digits = type(head) == 'string' and string.match(head, '^1(%d+)')
  local lengths = digits and string.match(string.sub(head, 146, HEAD), '^%d+$')
  if not lengths or #lengths < 30 or #digits < 96 then return nil end
  return {
    expires = string.sub(head, 2, 20),
    seen = string.sub(head, 21, 39),
    listed = string.sub(head, 40, 58),
    revision = string.sub(head, 59, 77),
    created = string.sub(head, 78, 96),
    closed = string.sub(head, 97, 97),
    present = string.sub(head, 98, 113),
    remembered = string.sub(head, 114, 129),
    earlier = string.sub(head, 130, 145),
    owner_bytes = tonumber(string.sub(lengths, 1, 10)),
    facts_bytes = tonumber(string.sub(lengths, 11, 20)),
    more_bytes = tonumber(string.sub(lengths, 21)),
  }
end

-- A key of another type is a record that can't be read.
local function read(key)
  return parse(redis.pcall('GETRANGE', key, 0, HEAD - 1))
end

local function owner_of(key, record)
  if record.owner_bytes == 0 then return '' end
  return redis.call('GETRANGE', key, HEAD, HEAD + record.owner_bytes - 1)
end

local function later(one, other)
  return one > other and one or other
end

-- The moment in milliseconds, rounded up. Redis accepts none before 1970.
local function ceiling(moment)
  local whole = tonumber(string.sub(moment, 1, 16)) - 1e15
  if string.sub(moment, 17) ~= '000' then whole = whole + 1 end
  return string.format('%.0f', math.max(whole, 1))
end
