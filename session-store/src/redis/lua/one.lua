-- Where one server has all keys, a session's script also keeps its owner's index, so that it is never
-- wrong.

local function index_of(key, owner)
  return string.match(key, '^[^{]*') .. '{' .. owner .. '}'
end

local function list(key, record, now)
  if record[OWNER] == '' then return end
  local index = index_of(key, record[OWNER])
  prune(index, now)
  redis.call('ZADD', index, ceiling(record[EXPIRES]), digest(key))
  keep(index)
end

local function unlist(key, record, now)
  if record[OWNER] == '' then return end
  local index = index_of(key, record[OWNER])
  prune(index, now)
  redis.call('ZREM', index, digest(key))
  keep(index)
end

local function is_listed()
  return true
end

-- Says where else a session is looked for.
local function elsewhere(key, to)
  return sibling(key, to)
end
