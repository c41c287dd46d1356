-- What every script begins with: how a record is kept.
--
-- A record is one string, a msgpack array of strings. Moments are microseconds since 1970 plus 10^18,
-- as 19 digits: Lua's numbers are too short for the year 9999, and texts of digits compare as numbers do
-- in every locale. Redis' own clock frees memory; what lives is said by the caller's `now`.

local FROM, REVISION, EXPIRES, SEEN, HANDLE, OWNER, PREVIOUS, REMEMBERED, LISTED, REST, DATA =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

-- A moment as whole milliseconds: those before it, and whether something is left over.
local function millis(moment)
  return tonumber(string.sub(moment, 1, 16)) - 1e15, string.sub(moment, 17) ~= '000'
end

-- The first millisecond that is not before the moment, in Redis' form. Redis knows none before 1970.
local function ceiling(moment)
  local whole, more = millis(moment)
  if more then whole = whole + 1 end
  return string.format('%.0f', math.max(whole, 1))
end

local function digest(key)
  return string.match(key, '{(%x+)}')
end

-- The key of another session; of use only where one server has them all.
local function sibling(key, digest)
  return string.match(key, '^[^{]*') .. '{' .. digest .. '}'
end

local function read(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed)
end

local function put(key, record)
  redis.call('SET', key, cmsgpack.pack(record), 'PXAT', ceiling(record[EXPIRES]))
end

-- Takes the seven arguments from `first` on for what a caller says of a record.
local function given(first)
  local a = ARGV
  return { '', a[first], a[first + 1], a[first + 2], a[first + 3], a[first + 4], '', '', '', a[first + 5],
    a[first + 6] }
end

local function is_over(record, now)
  return record[EXPIRES] <= now
end

-- Returns the live record under the key; else nothing and, of a move under way, from where and which.
-- A move that is confirmed is thereby done.
local function live(key, now, confirmed)
  local record = read(key)
  if not record or is_over(record, now) then return nil end
  if record[FROM] ~= '' then
    if record[REVISION] ~= confirmed then return nil, { 'pending', record[FROM], record[REVISION] } end
    record[FROM] = ''
    put(key, record)
  end
  return record
end

local function leads(record, previous, now)
  return record[PREVIOUS] == previous and record[REMEMBERED] > now
end

local function here(record, at)
  return { 'here', record[REVISION], record[EXPIRES], record[SEEN], record[HANDLE], record[OWNER],
    record[REST], record[DATA], at }
end

-- Says whether a record is one of those to be ended: of this owner, and this handle or any but it.
local function is_chosen(record, owner, which, handle)
  if which == 'any' then return true end
  if record[OWNER] ~= owner then return false end
  return which == 'all' or (which == 'one') == (record[HANDLE] == handle)
end
