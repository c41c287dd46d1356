-- How every script reads a record: row.rs writes it.
--
-- A record is one string. Its head has a fixed length, so that a script reads and changes parts of it
-- and leaves the data alone. Moments are microseconds since 1970 plus 10^18, as 19 digits: Lua's numbers
-- are too short for the year 9999, and texts of digits compare as numbers do in every locale.

local HEAD, LISTED_AT = 155, 39

-- Returns the parts that scripts look at; `nil` if there is no record, or one that can't be read.
local function parse(head)
  local digits = type(head) == 'string' and #head >= HEAD and string.match(head, '^1(%d+)')
  local owner = digits and tonumber(string.sub(head, 146, HEAD))
  if not owner or #digits < 96 then return nil end
  return {
    expires = string.sub(head, 2, 20),
    seen = string.sub(head, 21, 39),
    listed = string.sub(head, 40, 58),
    revision = string.sub(head, 59, 77),
    closed = string.sub(head, 97, 97),
    present = string.sub(head, 98, 113),
    remembered = string.sub(head, 114, 129),
    earlier = string.sub(head, 130, 145),
    owner_bytes = owner,
  }
end

-- A key that holds no string is a record that can't be read.
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

-- The first millisecond that is not before the moment. Redis knows none before 1970.
local function ceiling(moment)
  local whole = tonumber(string.sub(moment, 1, 16)) - 1e15
  if string.sub(moment, 17) ~= '000' then whole = whole + 1 end
  return string.format('%.0f', math.max(whole, 1))
end
